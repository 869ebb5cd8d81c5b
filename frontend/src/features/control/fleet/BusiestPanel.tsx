import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { plural } from '../../../ui/plural';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { type Busy, busiest, percent } from './busiest';
import { cellsQuery } from './cellsQuery';
import { ThrottleDialog } from './ThrottleDialog';

const SHOWN = 10;
const NOISY = 0.5;
// Below one request a second nobody disturbs anybody.
const WORTH_A_WORD = 60;

/** Whose people and keys ask most at the moment, and a way to hold them back for a while. */
export function BusiestPanel() {
  const [throttling, setThrottling] = useState<Busy | null>(null);
  const id = useId();
  const { data, error, isPending, refetch } = useQuery(cellsQuery);
  const shown = busiest(data?.items ?? [], SHOWN);
  return (
    <section className="panel control-panel" aria-labelledby={`${id}-title`}>
      <div className="panel-title row">
        <h2 id={`${id}-title`}>Busiest in the last minute</h2>
        <span className="hint panel-about">
          Requests of people and keys; what senders post is not among them
        </span>
      </div>
      {isPending && (
        <Loading label="requests">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Requests" error={error} onRetry={refetch} />}
      {data && shown.length === 0 && (
        <Empty title="Nobody asked for anything">Planes are asked every quarter of a minute.</Empty>
      )}
      {shown.length > 0 && (
        <ol className="fullest">
          {shown.map((tenant) => (
            <li key={tenant.tenantId}>
              <Link
                to="/control/tenants/$tenantId"
                params={{ tenantId: tenant.tenantId }}
                search={{ tab: 'usage' }}
                className="mono clip"
              >
                {tenant.tenantId}
              </Link>
              <span className="num busy-requests">{plural(tenant.requests, 'request')}</span>
              <span className={`num ${isNoisy(tenant) ? 'warn' : 'hint'}`}>
                {percent(tenant.share)} of {tenant.cell}
              </span>
              <button type="button" className="btn" onClick={() => setThrottling(tenant)}>
                Throttle <span className="visually-hidden">{tenant.tenantId}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      {throttling && <ThrottleDialog tenant={throttling} onClose={() => setThrottling(null)} />}
    </section>
  );
}

/** In a plane of its own a tenant has no neighbours. */
function isNoisy(tenant: Busy): boolean {
  return tenant.isShared && tenant.share >= NOISY && tenant.requests >= WORTH_A_WORD;
}
