import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { StatusRing } from '../../ui/StatusRing';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { Age } from '../../ui/Time';
import { overviewActive } from './overviewApi';

export function ActivePanel() {
  const { data, error, isPending, refetch } = useQuery(overviewActive);
  return (
    <section className="panel active-panel" aria-labelledby="active-title">
      <header>
        <h2 id="active-title">Needs attention</h2>
        {data && (
          <Link to="/incidents" className="push hint num">
            All {data.total.toLocaleString('en')} active
          </Link>
        )}
      </header>
      <div className="active-body">
        {isPending && (
          <Loading label="active incidents">
            <SkeletonRows rows={8} height={32} />
          </Loading>
        )}
        {error && !data && <Failed what="Active incidents" error={error} onRetry={refetch} />}
        {data?.items.length === 0 && (
          <Empty title="Nothing is open">New incidents appear here by themselves.</Empty>
        )}
        {data && data.items.length > 0 && (
          <ul className="active-list">
            {data.items.map((incident) => (
              <li key={incident.id}>
                <SeverityBadge severity={incident.severity} short />
                <StatusRing status={incident.status} />
                <Link
                  to="/incidents/$ref"
                  params={{ ref: incident.reference }}
                  className="clip"
                  title={incident.title}
                  dir="auto"
                >
                  {incident.title}
                </Link>
                <span className="muted clip active-service">{incident.service ?? ''}</span>
                <span className="muted">
                  <Age since={incident.created_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
