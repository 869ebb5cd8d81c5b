import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, remove } from '../../../api/client';
import type { Impersonation, Page, Tenant } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { useAction } from '../../../ui/useAction';
import { ImpersonateDialog } from './ImpersonateDialog';

/** Nothing of a tenant is seen from here but by being in it, for a reason and a while, which its admins see. */
export function ImpersonationPanel({ tenant }: { tenant: Tenant }) {
  const [starting, setStarting] = useState(false);
  const key = ['tenant', tenant.tenant_id, 'impersonations'];
  const { data, error, isPending, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      get<Page<Impersonation>>(`/api/tenants/${tenant.tenant_id}/impersonations`, { limit: 50 }, signal),
  });
  return (
    <section className="panel control-panel" aria-label="Access">
      <div className="panel-title row">
        <h2>Impersonations</h2>
        {tenant.state !== 'gone' && (
          <button type="button" className="btn push" onClick={() => setStarting(true)}>
            Enter {tenant.name}
          </button>
        )}
      </div>
      {isPending && (
        <Loading label="impersonations">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Impersonations" error={error} onRetry={refetch} />}
      {data?.items.length === 0 && (
        <Empty title={`Nobody of us was in ${tenant.name}`}>
          Incidents, alerts and logs of a tenant can't be seen from the control plane otherwise; only an
          export holds them, and the tenant's audit log says who took one.
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <ol className="operations">
          {data.items.map((impersonation) => (
            <Row key={impersonation.id} impersonation={impersonation} />
          ))}
        </ol>
      )}
      {starting && <ImpersonateDialog tenant={tenant} onClose={() => setStarting(false)} />}
    </section>
  );
}

function Row({ impersonation }: { impersonation: Impersonation }) {
  const action = useAction();
  const client = useQueryClient();
  const end = () =>
    void action.run(async () => {
      await remove(`/api/tenants/${impersonation.tenant_id}/impersonations/${impersonation.id}`);
      await client.invalidateQueries({ queryKey: ['tenant', impersonation.tenant_id, 'impersonations'] });
    });
  return (
    <li>
      <div className="operation-head">
        <b>{impersonation.by}</b>
        <Tag tone={impersonation.is_running ? 'warn' : 'off'}>
          {impersonation.is_running ? 'inside' : 'ended'}
        </Tag>
        <span>{impersonation.read_only ? 'read only' : 'may change things'}</span>
        <span className="hint">
          <Moment at={impersonation.starts_at} /> to{' '}
          <Moment at={impersonation.ended_at ?? impersonation.ends_at} />
        </span>
        {impersonation.is_running && (
          <button type="button" className="btn push" aria-disabled={action.busy} onClick={end}>
            End it
          </button>
        )}
      </div>
      <p dir="auto">{impersonation.reason}</p>
      <Problem what="It goes on" problem={action.problem} />
    </li>
  );
}
