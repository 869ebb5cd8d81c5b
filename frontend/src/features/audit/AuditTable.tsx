import './audit.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useId, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { AuditEntry } from '../../api/types';
import { Empty, Failed, Loading, Refetching, SkeletonRows } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { Moment } from '../../ui/Time';
import { tellFailure } from '../../ui/toasts';
import { type AuditLog, exportAudit, fetchAudit } from './auditApi';
import { parseFilter } from './filter';

type Props = { log: AuditLog; text: string; onText: (text: string) => void };

/** Who did what, newest first. Rows can't be changed by anybody; the export can be verified. */
export function AuditTable({ log, text, onText }: Props) {
  const id = useId();
  const [exporting, setExporting] = useState(false);
  const asked = useDeferredValue(text.trim());
  const filter = parseFilter(asked);
  const { data, error, isPending, isFetching, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } =
    useInfiniteQuery({
      queryKey: ['audit', log, asked],
      queryFn: ({ pageParam, signal }) => fetchAudit(log, filter, pageParam, signal),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next_cursor,
      placeholderData: (before) => before,
    });
  const entries = data?.pages.flatMap((page) => page.items) ?? [];
  const save = async () => {
    if (exporting) {
      return;
    }
    setExporting(true);
    try {
      const address = URL.createObjectURL(await exportAudit(log, filter));
      const link = document.createElement('a');
      link.href = address;
      link.download = `audit-${log}.jsonl`;
      link.click();
      URL.revokeObjectURL(address);
    } catch (problem) {
      tellFailure(`The log was not exported: ${sentence(asApiError(problem).message)}`);
    } finally {
      setExporting(false);
    }
  };
  if (error && !data) {
    return <Failed what="The audit log" error={error} onRetry={refetch} />;
  }
  return (
    <>
      <form className="audit-filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor={id}>Filter</label>
        <input
          id={id}
          className="input"
          type="search"
          placeholder="actor:… action:incident. target:… result:refused words"
          value={text}
          onChange={(event) => onText(event.target.value)}
        />
        <button type="button" className="btn" aria-disabled={exporting} onClick={() => void save()}>
          {exporting ? 'Exporting' : 'Export'}
        </button>
      </form>
      <section className="panel audit-panel" aria-label="Audit log">
        <Refetching active={isFetching && !isPending} />
        {isPending && (
          <Loading label="the audit log">
            <SkeletonRows rows={8} height={32} />
          </Loading>
        )}
        {data && entries.length === 0 && asked === '' && (
          <Empty title="Nothing was done yet">Every change by people and keys stands here.</Empty>
        )}
        {data && entries.length === 0 && asked !== '' && (
          <Empty
            title="No entry matches"
            actions={
              <button type="button" className="btn" onClick={() => onText('')}>
                Clear filter
              </button>
            }
          >
            The filter hides every entry.
          </Empty>
        )}
        <ol className="audit">
          {entries.map((entry) => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ol>
        {hasNextPage && (
          <button
            type="button"
            className="btn audit-more"
            aria-disabled={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
          >
            Show earlier entries
          </button>
        )}
      </section>
    </>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <button type="button" className="audit-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Moment at={entry.at} />
        <span className="clip" dir="auto">
          {entry.actor_name}
          {entry.impersonated_by && <span className="warn"> ({entry.impersonated_by})</span>}
        </span>
        <span className="clip mono">{entry.action}</span>
        <span className="clip mono hint">{entry.target}</span>
        <Tag tone={entry.result === 'done' ? 'ok' : 'bad'}>{entry.result}</Tag>
      </button>
      {open && (
        <div className="audit-details">
          <dl>
            <div>
              <dt className="hint">Entry</dt>
              <dd className="num">{entry.seq}</dd>
            </div>
            <div>
              <dt className="hint">Address</dt>
              <dd className="mono">{entry.address ?? 'none'}</dd>
            </div>
            <div>
              <dt className="hint">Trace</dt>
              <dd className="mono">{entry.trace_id}</dd>
            </div>
            <div>
              <dt className="hint">Hash</dt>
              <dd className="mono">{entry.hash.slice(0, 16)}…</dd>
            </div>
          </dl>
          <pre className="mono">{JSON.stringify(entry.details, null, 2)}</pre>
        </div>
      )}
    </li>
  );
}
