import './usage.css';
import { useQuery } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { Usage } from '../../../api/types';
import { useSession } from '../../../app/session';
import { Meter } from '../../../ui/Meter';
import { Spark } from '../../../ui/Spark';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { usePageTitle } from '../../../ui/usePageTitle';
import { limitValue, limitWords } from '../../control/limits';

/** What the plan allows, what is used of it, and when a limit will be reached. */
export function UsagePage() {
  const { user } = useSession();
  usePageTitle('Plan and usage', user?.tenant_name);
  const tenantId = user?.tenant_id ?? '';
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['usage', tenantId],
    queryFn: ({ signal }) => get<Usage>(`/api/tenants/${tenantId}/usage`, {}, signal),
  });
  return (
    <>
      <div className="page-head">
        <h1>Plan and usage</h1>
        {data && (
          <span className="hint">
            {data.plan}, version {data.plan_version}
          </span>
        )}
      </div>
      {isPending && (
        <Loading label="usage">
          <SkeletonRows rows={6} height={44} />
        </Loading>
      )}
      {error && !data && <Failed what="Plan and usage" error={error} onRetry={refetch} />}
      {data && (
        <section className="panel usage-panel" aria-label="Limits">
          {data.held > 0 && (
            <p className="notice" role="status">
              {data.held.toLocaleString('en')} payloads of your senders are kept and not processed yet.
            </p>
          )}
          <ul className="usage">
            {data.items.map((limit) => (
              <li key={limit.limit_name}>
                <b>{limitWords(limit.limit_name)}</b>
                {limit.used === null ? (
                  <span className="num">{limitValue(limit.limit)}</span>
                ) : (
                  <Meter label={limitWords(limit.limit_name)} used={limit.used} limit={limit.limit} />
                )}
                {limit.trend.length > 1 && (
                  <Spark
                    label={`${limitWords(limit.limit_name)} in the last 30 days`}
                    values={limit.trend.map((day) => day.amount)}
                  />
                )}
                <span className="hint">
                  {limit.resets_at && (
                    <>
                      begins anew <Moment at={limit.resets_at} />
                    </>
                  )}
                  {limit.projected_hit_at && (
                    <span className="warn">
                      {' '}
                      reached <Moment at={limit.projected_hit_at} /> at the present rate
                    </span>
                  )}
                </span>
              </li>
            ))}
          </ul>
          {data.reported_at && (
            <p className="hint usage-as-of">
              As of <Moment at={data.reported_at} />
            </p>
          )}
        </section>
      )}
    </>
  );
}
