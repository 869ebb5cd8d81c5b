import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { quoted } from '../../ui/filter/language';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { Age } from '../../ui/Time';
import { overviewIngest } from './overviewApi';

export function SourcesPanel() {
  const { data, error, isPending, refetch } = useQuery(overviewIngest);
  const sources = data?.sources;
  return (
    <section className="panel half" aria-labelledby="sources-title">
      <header>
        <h2 id="sources-title">Sources</h2>
      </header>
      {isPending && (
        <Loading label="sources">
          <SkeletonRows rows={5} height={32} />
        </Loading>
      )}
      {error && !data && <Failed what="Sources" error={error} onRetry={refetch} />}
      {sources?.length === 0 && (
        <Empty title="No source has sent anything yet">
          Send alerts to <code>/api/webhook</code> with an API key.
        </Empty>
      )}
      {sources && sources.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col">Last event</th>
              <th scope="col">Events 24 h</th>
              <th scope="col">Unreadable 24 h</th>
            </tr>
          </thead>
          <tbody>
            {sources.map((entry) => (
              <tr key={entry.source}>
                <th scope="row">
                  <Link to="/alerts" search={{ q: `source:${quoted(entry.source)}` }} dir="auto">
                    {entry.source}
                  </Link>
                </th>
                <td>
                  <Age since={entry.lastEventAt} />
                </td>
                <td>{entry.events24h.toLocaleString('en')}</td>
                <td>
                  <DeadLetters count={entry.deadLetters24h} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function DeadLetters({ count }: { count: number }) {
  return count > 0 ? (
    <span className="status bad">
      <IconAlertTriangle className="icon" size={14} stroke={1.6} aria-hidden />
      {count.toLocaleString('en')}
    </span>
  ) : (
    <span className="status ok">
      <IconCircleCheck className="icon" size={14} stroke={1.6} aria-hidden />
      None
    </span>
  );
}
