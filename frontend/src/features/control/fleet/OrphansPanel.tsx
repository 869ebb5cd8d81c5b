import { useQuery } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { Orphan, Page } from '../../../api/types';
import { Failed } from '../../../ui/states';
import { Moment } from '../../../ui/Time';

/** Namespaces that nobody needs any more. Where there are none, which is the rule, it takes no room. */
export function OrphansPanel() {
  const { data, error, refetch } = useQuery({
    queryKey: ['orphans'],
    queryFn: ({ signal }) => get<Page<Orphan>>('/api/tenants/cells/orphans', { limit: 50 }, signal),
  });
  if (!error && !data?.items.length) {
    return null;
  }
  return (
    <section className="panel control-panel" aria-labelledby="orphans-title">
      <h2 id="orphans-title" className="panel-title">
        Namespaces that no tenant needs
      </h2>
      {error && !data && <Failed what="Orphans" error={error} onRetry={refetch} />}
      {data && (
        <>
          <p className="usage-note hint">
            They carry our labels and are removed by themselves after their grace period
            {data.total > data.items.length && `; the first ${data.items.length} of ${data.total}`}.
          </p>
          <div className="control-scroll" tabIndex={0} role="region" aria-label="Orphan table">
            <table className="control-table">
              <thead>
                <tr>
                  <th scope="col">Namespace</th>
                  <th scope="col">Was of</th>
                  <th scope="col">First seen</th>
                  <th scope="col">Last seen</th>
                </tr>
              </thead>
              <tbody>
                {data.items.map((orphan) => (
                  <tr key={orphan.namespace}>
                    <th scope="row" className="mono">
                      {orphan.namespace}
                    </th>
                    <td className="mono">{orphan.tenant_id}</td>
                    <td>
                      <Moment at={orphan.first_seen_at} />
                    </td>
                    <td>
                      <Moment at={orphan.last_seen_at} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}
