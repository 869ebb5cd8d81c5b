import './incidents.css';
import { IconDownload } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useMay } from '../../app/permissions';
import { useSession } from '../../app/session';
import { FilterInput } from '../../ui/filter/FilterInput';
import { Menu } from '../../ui/Menu';
import { PanelBoundary } from '../../ui/PanelBoundary';
import { plural } from '../../ui/plural';
import { Empty, Failed, Loading, Refetching, SkeletonRows, Stopped } from '../../ui/states';
import { tellFailure } from '../../ui/toasts';
import { usePageTitle } from '../../ui/usePageTitle';
import { BulkBar } from './BulkBar';
import { BulkDialog, type BulkKind } from './BulkDialog';
import { DeclareDialog } from './DeclareDialog';
import { downloadIncidents } from './exportIncidents';
import { type GridHandle, IncidentGrid } from './IncidentGrid';
import { incidentFilter, VIEWS } from './incidentFilter';
import { LIST_LIMIT } from './incidentsApi';
import { ListFooter } from './ListFooter';
import { FirstTime, Pill } from './ListStates';
import { remember, useListMemory } from './listMemory';
import { isAllowed } from './moves';
import { PeekPanel } from './PeekPanel';
import { parseSort, type SortColumn, toggleSort, writeSort } from './sorting';
import { useFilterText } from './useFilterText';
import { useFilterValues } from './useFilterValues';
import { useIncidentList } from './useIncidentList';
import { useListKeys } from './useListKeys';
import { usePaletteActionsOfList } from './usePaletteActionsOfList';
import { ViewTabs } from './ViewTabs';

const route = getRouteApi('/tenant/incidents');

export function IncidentsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { user } = useSession();
  const mayWrite = useMay('incidents:write');
  const me = user?.email ?? '';
  const spec = useMemo(() => incidentFilter(me), [me]);
  const view = VIEWS.find((known) => known.id === search.view) ?? VIEWS[0];
  const sort = useMemo(() => parseSort(search.sort), [search.sort]);
  const filter = useFilterText(search.q ?? view?.filter ?? '', view?.filter ?? '');
  const list = useIncidentList(filter.settled, sort, spec, me);
  const memory = useListMemory();
  const grid = useRef<GridHandle>(null);
  const input = useRef<HTMLInputElement>(null);
  const [bulk, setBulk] = useState<BulkKind | null>(null);
  const [declaring, setDeclaring] = useState(false);
  usePageTitle('Incidents', user?.tenant_name);

  const selectedRows = useMemo(
    () => [...memory.selected].flatMap((id) => list.byId?.get(id) ?? []),
    [memory.selected, list.byId],
  );
  const cursorIndex = list.rows.findIndex((row) => row.id === memory.cursorId);
  const cursorRow = list.rows[cursorIndex];
  const targets = useMemo(() => {
    if (selectedRows.length > 0) {
      return selectedRows;
    }
    return cursorRow ? [cursorRow] : [];
  }, [selectedRows, cursorRow]);

  useEffect(() => {
    const first = list.rows[0];
    if (cursorIndex < 0 && first) {
      remember({ cursorId: first.id });
    }
  }, [cursorIndex, list.rows]);

  const setPeek = useCallback(
    (peek: string | undefined) => {
      void navigate({ search: (known) => ({ ...known, peek }), replace: true });
    },
    [navigate],
  );
  const chooseView = (id: string) => {
    void navigate({ search: (known) => ({ view: id, sort: known.sort, peek: known.peek }) });
  };
  const onSort = (column: SortColumn, second: boolean) => {
    const next = writeSort(toggleSort(sort, column, second));
    void navigate({ search: (known) => ({ ...known, sort: next }) });
  };
  const askBulk = useCallback(
    (kind: BulkKind) => {
      const refused = targets.find((incident) => !isAllowed(kind, incident));
      if (refused) {
        tellFailure(`${refused.reference} is ${refused.status}, which does not allow this.`);
      } else if (mayWrite && targets.length > 0) {
        setBulk(kind);
      }
    },
    [mayWrite, targets],
  );
  const declare = useCallback(() => setDeclaring(true), []);

  useListKeys({
    rows: list.rows,
    cursorIndex,
    peek: search.peek,
    grid,
    input,
    mayWrite,
    setPeek,
    chooseView,
    askBulk,
    declare,
  });
  usePaletteActionsOfList({ mayWrite, declare, askBulk, count: targets.length });

  const valuesOf = useFilterValues(list.byId, spec);
  const selectedCount = selectedRows.length;

  return (
    <div className="list-page">
      <div className="page-head">
        <h1>Incidents</h1>
        <span className="hint num" role="status">
          {list.isPending || list.error ? '' : `${list.rows.length.toLocaleString('en')} shown`}
        </span>
        <span className="row push">
          <Menu
            name="Export"
            label={
              <>
                <IconDownload size={14} stroke={1.6} aria-hidden />
                <span className="hide-narrow">Export</span>
              </>
            }
            items={(['csv', 'json'] as const).map((format) => ({
              label: `${list.rows.length.toLocaleString('en')} shown as ${format.toUpperCase()}`,
              onSelect: () => downloadIncidents(list.rows, filter.settled, format),
            }))}
          />
          {mayWrite && (
            <button type="button" className="btn primary" onClick={declare}>
              Declare incident <kbd>C</kbd>
            </button>
          )}
        </span>
      </div>
      <ViewTabs
        current={view?.id ?? ''}
        counts={list.isPending || list.error ? null : list.viewCounts}
        onChoose={chooseView}
      />
      <div className="filter-row">
        <FilterInput
          label="Filter incidents"
          placeholder='sev:1,2 -status:resolved service:check* "free words"'
          value={filter.text}
          spec={spec}
          valuesOf={valuesOf}
          onChange={filter.change}
          onCommit={filter.commit}
          inputRef={input}
        />
      </div>
      {list.staleError && (
        <p className="limit-note" role="alert">
          The list could not be refreshed, so it shows what was loaded before.{' '}
          <button type="button" className="link" onClick={() => list.refetch()}>
            Try again
          </button>
        </p>
      )}
      <div className={search.peek ? 'list-body with-peek' : 'list-body'} id="view-panel">
        <PanelBoundary what="Incidents">
          <div className="list-main">
            <Refetching active={list.isFetching && !list.isPending} />
            {(list.waiting > 0 || list.outdated > 0) && (
              <Pill waiting={list.waiting} outdated={list.outdated} onAccept={list.accept} />
            )}
            {list.isStopped ? (
              <Stopped what="Incidents" onRetry={list.refetch} />
            ) : list.isPending ? (
              <Loading label="incidents" onCancel={list.stop}>
                <SkeletonRows rows={18} height={32} />
              </Loading>
            ) : list.error ? (
              <Failed
                what="Incidents"
                error={list.error}
                stillWorks="Nothing was lost."
                onRetry={list.refetch}
              />
            ) : list.rows.length > 0 ? (
              <IncidentGrid rows={list.rows} sort={sort} mayWrite={mayWrite} onSort={onSort} handle={grid} />
            ) : list.total === 0 ? (
              <FirstTime mayWrite={mayWrite} onDeclare={declare} />
            ) : (
              <Empty
                title="No incident matches this filter"
                actions={
                  <button type="button" className="btn" onClick={() => filter.commit('')}>
                    Clear filter
                  </button>
                }
              >
                {`The filter hides ${plural(list.total, 'incident')}.`}
              </Empty>
            )}
            {selectedCount > 0 && mayWrite && (
              <BulkBar selected={selectedRows} shown={list.rows.length} onAsk={askBulk} />
            )}
          </div>
          {search.peek && <PeekPanel reference={search.peek} onClose={() => setPeek(undefined)} />}
        </PanelBoundary>
      </div>
      {list.tooMany && (
        <p className="limit-note" role="status">
          {list.onServer
            ? `The server filters: ${list.total.toLocaleString('en')} incidents are more than the ${LIST_LIMIT.toLocaleString('en')} that this page holds.`
            : `Showing the ${LIST_LIMIT.toLocaleString('en')} most urgent of ${list.total.toLocaleString('en')} incidents. Filter to reach the others.`}
        </p>
      )}
      <ListFooter cursorIndex={cursorIndex} count={list.rows.length} />
      {bulk && <BulkDialog kind={bulk} targets={targets} onClose={() => setBulk(null)} />}
      {declaring && <DeclareDialog onClose={() => setDeclaring(false)} />}
    </div>
  );
}
