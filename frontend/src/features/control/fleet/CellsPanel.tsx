import { useQuery } from '@tanstack/react-query';
import type { Cell } from '../../../api/types';
import { duration } from '../../../ui/age';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { errorRate, percent } from './busiest';
import { cellsQuery } from './cellsQuery';

const MANY_ERRORS = 0.01;

export function CellsPanel() {
  const { data, error, isPending, refetch } = useQuery(cellsQuery);
  return (
    <section className="panel control-panel" aria-labelledby="cells-title">
      <h2 id="cells-title" className="panel-title">
        Cells and planes
      </h2>
      {isPending && (
        <Loading label="cells">
          <SkeletonRows rows={2} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Cells" error={error} onRetry={refetch} />}
      {data?.items.length === 0 && (
        <Empty title="No cell was looked at yet">The first look comes within a minute of the start.</Empty>
      )}
      {data && data.items.length > 0 && (
        <div className="control-scroll" tabIndex={0} role="region" aria-label="Cell table">
          <table className="control-table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">Version</th>
                <th scope="col" className="amount">
                  Tenants
                </th>
                <th scope="col" className="amount">
                  Requests a minute
                </th>
                <th scope="col" className="amount">
                  Errors
                </th>
                <th scope="col" className="amount">
                  Waiting work
                </th>
                <th scope="col" className="amount">
                  Kept payloads
                </th>
                <th scope="col" className="amount">
                  Database
                </th>
                <th scope="col">Last answer</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((cell) => (
                <tr key={cell.name}>
                  <th scope="row">
                    {cell.name}{' '}
                    {cell.placement !== cell.name && <span className="hint">{cell.placement}</span>}
                  </th>
                  <td>
                    <Tag tone={cell.ready ? 'ok' : 'bad'}>{cell.ready ? 'answers' : 'does not answer'}</Tag>
                    {cell.last_error && <span className="bad cell-error">{cell.last_error}</span>}
                  </td>
                  <td className="mono">{cell.version ?? '–'}</td>
                  <td className="num amount">{cell.tenants?.toLocaleString('en') ?? '–'}</td>
                  <td className="num amount">{cell.requests_last_minute?.toLocaleString('en') ?? '–'}</td>
                  <td className="num amount">
                    <Errors cell={cell} />
                  </td>
                  <td className="num amount">
                    {cell.queue_waiting?.toLocaleString('en') ?? '–'}
                    {cell.oldest_waiting_seconds !== null && cell.oldest_waiting_seconds >= 1 && (
                      <span className="hint"> oldest {duration(cell.oldest_waiting_seconds)}</span>
                    )}
                  </td>
                  <td className="num amount">{cell.held?.toLocaleString('en') ?? '–'}</td>
                  <td className="num amount">
                    {cell.database_ms === null ? '–' : `${cell.database_ms.toFixed(1)} ms`}
                  </td>
                  <td>{cell.answered_at ? <Moment at={cell.answered_at} /> : 'never'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** Answers that were the plane's own fault (5xx), as a share of all in the last minute. */
function Errors({ cell }: { cell: Cell }) {
  const rate = errorRate(cell);
  if (rate === null) {
    return '–';
  }
  return <span className={rate >= MANY_ERRORS ? 'bad' : undefined}>{percent(rate)}</span>;
}
