import './usage.css';
import { useQuery } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { OwnUsage, Usage } from '../../../api/types';
import { useSession } from '../../../app/session';
import { plural } from '../../../ui/plural';
import { Failed, Loading, Refetching, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { usePageTitle } from '../../../ui/usePageTitle';
import { limitValue, limitWords } from '../../control/limits';
import { UsageLine } from './UsageLine';
import { ofControlPlane, ofOwnPlane, type UsagePicture, withPresent } from './usageRows';

/** Everybody reads what the tenant's own plane counts; admins also the control plane's trends, people and dates. */
async function fetchUsage(tenantId: string, isAdmin: boolean, signal: AbortSignal): Promise<UsagePicture> {
  const own = get<OwnUsage>('/api/usage', {}, signal);
  if (!isAdmin) {
    return ofOwnPlane(await own);
  }
  const usage = get<Usage>(`/api/tenants/${tenantId}/usage`, {}, signal);
  return withPresent(ofControlPlane(await usage), await own);
}

/** What the plan allows, what is used of it, and when a limit will be reached. */
export function UsagePage() {
  const { user } = useSession();
  usePageTitle('Plan and usage', user?.tenant_name);
  const tenantId = user?.tenant_id ?? '';
  const isAdmin = user?.role === 'admin' && !user.acting_as;
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['usage', tenantId, isAdmin],
    queryFn: ({ signal }) => fetchUsage(tenantId, isAdmin, signal),
    staleTime: 0,
  });
  return (
    <>
      <div className="page-head">
        <h1>Plan and usage</h1>
        {data && (
          <span className="hint">
            Plan {data.plan}
            {data.version !== null && `, version ${data.version}`}
          </span>
        )}
      </div>
      {isPending && (
        <Loading label="usage">
          <SkeletonRows rows={6} height={44} />
        </Loading>
      )}
      {error && !data && <Failed what="Plan and usage" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          {data.held > 0 && (
            <p className="notice usage-held" role="status">
              {plural(data.held, 'payload')} of your senders {data.held === 1 ? 'is' : 'are'} kept and not
              processed yet. None is lost: they are processed when the limit or the suspension allows it.
            </p>
          )}
          <section className="panel usage-panel" aria-labelledby="used-title">
            <Refetching active={isFetching} />
            <h2 id="used-title">Used</h2>
            <ul className="usage">
              {data.counted.map((row) => (
                <UsageLine key={row.name} row={row} />
              ))}
            </ul>
            {data.reportedAt && (
              <p className="hint usage-as-of">
                As of <Moment at={data.reportedAt} />
              </p>
            )}
          </section>
          <section className="panel usage-panel" aria-labelledby="included-title">
            <h2 id="included-title">Included</h2>
            <dl className="included">
              {data.fixed.map(({ name, limit }) => (
                <div key={name}>
                  <dt>{limitWords(name)}</dt>
                  <dd className="num">{limitValue(limit)}</dd>
                </div>
              ))}
            </dl>
          </section>
          {!isAdmin && (
            <p className="hint usage-held">
              Trends, people and dates of full limits are shown to admins of the tenant.
            </p>
          )}
        </>
      )}
    </>
  );
}
