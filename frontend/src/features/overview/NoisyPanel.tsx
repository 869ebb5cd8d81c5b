import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { quoted } from '../../ui/filter/language';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { overviewIngest } from './overviewApi';

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.round((part / whole) * 100)}%`;
}

export function NoisyPanel() {
  const { data, error, isPending, refetch } = useQuery(overviewIngest);
  const services = data?.noisyServices;
  return (
    <section className="panel half" aria-labelledby="noisy-title">
      <header>
        <h2 id="noisy-title">Noisy services</h2>
      </header>
      {isPending && (
        <Loading label="noisy services">
          <SkeletonRows rows={5} height={32} />
        </Loading>
      )}
      {error && !data && <Failed what="Noisy services" error={error} onRetry={refetch} />}
      {services?.length === 0 && (
        <Empty title="No alerts yet">Services appear here with their first alert.</Empty>
      )}
      {services && services.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Alerts</th>
              <th scope="col">Incidents</th>
              <th scope="col">Gone in 5 min</th>
            </tr>
          </thead>
          <tbody>
            {services.map((entry) => (
              <tr key={entry.service}>
                <th scope="row">
                  <Link to="/alerts" search={{ q: `service:${quoted(entry.service)}` }} dir="auto">
                    {entry.service}
                  </Link>
                </th>
                <td>{entry.alerts.toLocaleString('en')}</td>
                <td>{entry.incidents.toLocaleString('en')}</td>
                <td
                  title={`${entry.autoResolvedWithin5Minutes} alerts resolved by themselves within 5 minutes`}
                >
                  {share(entry.autoResolvedWithin5Minutes, entry.alerts)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
