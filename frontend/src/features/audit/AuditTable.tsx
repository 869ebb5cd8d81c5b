import './audit.css';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { AuditEntry } from '../../api/types';
import { parse } from '../../ui/filter/language';
import { Problem } from '../../ui/Problem';
import { Empty, Failed, Loading, Refetching, SkeletonRows, Stopped } from '../../ui/states';
import { tell } from '../../ui/toasts';
import { useAction } from '../../ui/useAction';
import { AuditFilterField } from './AuditFilterField';
import { AuditRow } from './AuditRow';
import { type AuditLog, exportAudit, exportName, fetchAudit } from './auditApi';
import { auditQuery, unsupportedIn } from './filter';

const MOST_COUNTED = 1_000;
const NO_ENTRIES: readonly AuditEntry[] = [];

type Props = { log: AuditLog; text: string; onText: (text: string) => void };

/** Who did what, newest first. Entries can't be changed by anybody; the export can be verified. */
export function AuditTable({ log, text, onText }: Props) {
  const tokens = useMemo(() => parse(text), [text]);
  const filter = useMemo(() => auditQuery(tokens, log), [tokens, log]);
  const client = useQueryClient();
  const exporting = useAction();
  const found = useInfiniteQuery({
    queryKey: ['audit', log, filter],
    queryFn: ({ pageParam, signal }) => fetchAudit(log, filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  });
  const { data, error, isPending, isFetching, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } =
    found;
  const entries = useMemo(() => data?.pages.flatMap((page) => page.items) ?? NO_ENTRIES, [data]);
  const total = data?.pages[0]?.total ?? 0;
  const isFiltered = Object.keys(filter).length > 0;
  const save = () =>
    void exporting.run(async () => {
      const address = URL.createObjectURL(await exportAudit(log, filter));
      const link = document.createElement('a');
      link.href = address;
      link.download = exportName(log, filter, new Date().toISOString().slice(0, 10));
      link.click();
      URL.revokeObjectURL(address);
      tell('The log was exported; the export is an entry of its own');
      await client.invalidateQueries({ queryKey: ['audit', log] });
    });
  const unsupported = unsupportedIn(tokens);
  return (
    <>
      <div className="audit-filter">
        <AuditFilterField log={log} value={text} entries={entries} onCommit={onText} />
        <button type="button" className="btn" aria-disabled={exporting.busy || isPending} onClick={save}>
          {exporting.busy ? 'Exporting' : isFiltered ? 'Export what the filter shows' : 'Export log'}
        </button>
        {unsupported.length > 0 && (
          <p className="audit-note bad" role="status">
            {unsupported.map((problem) => problem.message).join(' ')}
          </p>
        )}
        <p className="audit-note hint num" role="status">
          {data && counted(total, isFiltered)}
        </p>
        {exporting.problem && (
          <div className="audit-note">
            <Problem what="The log was not exported" problem={exporting.problem} />
          </div>
        )}
      </div>
      {error && !data && <Failed what="The audit log" error={error} onRetry={() => void refetch()} />}
      {isPending && found.fetchStatus === 'idle' && <Stopped what="Entries" onRetry={() => void refetch()} />}
      {!(error && !data) && (
        <section className="panel audit-panel" aria-label="Entries">
          <Refetching active={isFetching && !isPending} />
          {isPending && found.fetchStatus !== 'idle' && (
            <Loading
              label="the audit log"
              onCancel={() => void client.cancelQueries({ queryKey: ['audit', log, filter] })}
            >
              <SkeletonRows rows={8} height={32} />
            </Loading>
          )}
          {data && entries.length === 0 && <NoEntries isFiltered={isFiltered} onClear={() => onText('')} />}
          {entries.length > 0 && (
            <>
              <div className="audit-columns hint" aria-hidden="true">
                <span>When</span>
                <span>Who</span>
                <span>Action</span>
                <span>Target</span>
                <span className="audit-address">Address</span>
                <span>Result</span>
              </div>
              <ol className="audit">
                {entries.map((entry) => (
                  <AuditRow key={entry.seq} entry={entry} />
                ))}
              </ol>
            </>
          )}
          {hasNextPage && (
            <button
              type="button"
              className="btn audit-more"
              aria-disabled={isFetchingNextPage}
              onClick={() => !isFetchingNextPage && void fetchNextPage()}
            >
              Show earlier entries
            </button>
          )}
        </section>
      )}
    </>
  );
}

/** With a filter the server counts no further than a thousand. */
function counted(total: number, isFiltered: boolean): string {
  if (isFiltered && total > MOST_COUNTED) {
    return `More than ${MOST_COUNTED.toLocaleString('en')} entries match`;
  }
  const words = `${total.toLocaleString('en')} ${total === 1 ? 'entry' : 'entries'}`;
  return isFiltered ? `${words} ${total === 1 ? 'matches' : 'match'}` : words;
}

function NoEntries({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  if (!isFiltered) {
    return <Empty title="Nothing was done yet">Every change by people and keys stands here.</Empty>;
  }
  return (
    <Empty
      title="No entry matches"
      actions={
        <button type="button" className="btn" onClick={onClear}>
          Clear filter
        </button>
      }
    >
      The filter hides every entry.
    </Empty>
  );
}
