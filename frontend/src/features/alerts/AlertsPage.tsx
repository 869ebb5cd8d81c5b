import '../incidents/incidents.css';
import './alerts.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Alert } from '../../api/types';
import { alertChanges } from '../../app/liveCache';
import { queryClient } from '../../app/queryClient';
import { useSession } from '../../app/session';
import { useStore } from '../../app/store';
import { parse, withTerm } from '../../ui/filter/language';
import { PanelBoundary } from '../../ui/PanelBoundary';
import { Empty, Failed, Loading, Refetching, SkeletonRows, Stopped } from '../../ui/states';
import { usePageTitle } from '../../ui/usePageTitle';
import { AlertFilterField, valuesIn } from './AlertFilterField';
import { AlertList } from './AlertList';
import { alertQuery, unsupportedIn } from './alertFilter';
import { fetchAlerts } from './alertsApi';
import { useAlertKeys } from './useAlertKeys';

const route = getRouteApi('/tenant/alerts');
const NO_ALERTS: readonly Alert[] = [];

export function AlertsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { user } = useSession();
  const filter = search.q ?? '';
  const tokens = useMemo(() => parse(filter), [filter]);
  const query = useMemo(() => alertQuery(tokens), [tokens]);
  const alerts = useAlerts(query);
  const items = useMemo(() => alerts.data?.pages.flatMap((page) => page.items) ?? NO_ALERTS, [alerts.data]);
  const total = alerts.data?.pages[0]?.total ?? 0;
  const [cursorId, setCursorId] = useState<string | null>(null);
  const [payloadOf, setPayloadOf] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  usePageTitle('Alerts', user?.tenant_name);

  const setFilter = useCallback(
    (q: string) => {
      void navigate({ search: (known) => ({ ...known, q: q || undefined }), replace: q === filter });
    },
    [navigate, filter],
  );
  const setOpen = useCallback(
    (open: string | undefined) => {
      void navigate({ search: (known) => ({ ...known, open }), replace: true });
    },
    [navigate],
  );
  const addLabel = useCallback(
    (name: string, value: string) => setFilter(withTerm(filter, 'label', `${name}=${value}`)),
    [filter, setFilter],
  );
  useAlertKeys({ items, cursorId, setCursorId, open: search.open, setOpen, payloadOf, setPayloadOf, input });

  const values = useCallback((key: string) => valuesIn(items, key), [items]);
  const unsupported = unsupportedIn(tokens);

  return (
    <div className="list-page">
      <div className="page-head">
        <h1>Alerts</h1>
        <span className="hint num" role="status">
          {alerts.data ? `${total.toLocaleString('en')} grouped by fingerprint` : ''}
        </span>
      </div>
      <div className="filter-row">
        <AlertFilterField value={filter} onCommit={setFilter} inputRef={input} valuesOf={values} />
      </div>
      {unsupported.length > 0 && (
        <p className="filter-problems alerts-note" role="status">
          {unsupported.map((problem) => problem.message).join(' ')}
        </p>
      )}
      <PanelBoundary what="Alerts">
        <div className="list-body">
          <div className="list-main">
            <Refetching active={alerts.isFetching && !alerts.isPending} />
            <NewAlertsPill key={filter} onShow={() => alerts.refetch()} />
            {alerts.isPending && alerts.fetchStatus === 'idle' && (
              <Stopped what="Alerts" onRetry={() => alerts.refetch()} />
            )}
            {alerts.isPending && alerts.fetchStatus !== 'idle' && (
              <Loading label="alerts" onCancel={() => queryClient.cancelQueries({ queryKey: ['alerts'] })}>
                <SkeletonRows rows={10} height={60} />
              </Loading>
            )}
            {alerts.error && !alerts.data && (
              <Failed
                what="Alerts"
                error={alerts.error}
                stillWorks="Incidents still work."
                onRetry={() => alerts.refetch()}
              />
            )}
            {alerts.data && items.length === 0 && (
              <NoAlerts filtered={filter !== ''} onClear={() => setFilter('')} />
            )}
            {items.length > 0 && (
              <AlertList
                items={items}
                cursorId={cursorId}
                openId={search.open}
                payloadOf={payloadOf}
                hasMore={alerts.hasNextPage}
                onMore={() => !alerts.isFetchingNextPage && alerts.fetchNextPage()}
                onCursor={setCursorId}
                onOpen={setOpen}
                onPayload={setPayloadOf}
                onLabel={addLabel}
              />
            )}
          </div>
        </div>
      </PanelBoundary>
      <footer className="foot">
        <span>
          <kbd>J</kbd> <kbd>K</kbd> move
        </span>
        <span>
          <kbd>Enter</kbd> events
        </span>
        <span>
          <kbd>P</kbd> raw payload
        </span>
        <span>
          <kbd>/</kbd> filter
        </span>
        <span className="push num">
          {items.length.toLocaleString('en')} of {total.toLocaleString('en')} loaded
        </span>
      </footer>
    </div>
  );
}

function useAlerts(query: ReturnType<typeof alertQuery>) {
  return useInfiniteQuery({
    queryKey: ['alerts', query],
    queryFn: ({ pageParam, signal }) => fetchAlerts(query, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (previous) => previous,
  });
}

/** The list keeps its order while alerts arrive; this offers to fetch it anew. */
function NewAlertsPill({ onShow }: { onShow: () => void }) {
  const changes = useStore(alertChanges);
  const [seen, setSeen] = useState(changes);
  const waiting = changes - seen;
  if (waiting <= 0) {
    return null;
  }
  return (
    <button
      type="button"
      className="btn primary new-pill"
      onClick={() => {
        setSeen(changes);
        onShow();
      }}
    >
      {waiting.toLocaleString('en')} new or changed
    </button>
  );
}

function NoAlerts({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    const clear = (
      <button type="button" className="btn" onClick={onClear}>
        Clear filter
      </button>
    );
    return (
      <Empty title="No alert matches this filter" actions={clear}>
        The filter hides all alerts.
      </Empty>
    );
  }
  return (
    <Empty title="No alerts yet">
      Alerts appear here when a source sends them to <code>/api/webhook</code>.
    </Empty>
  );
}
