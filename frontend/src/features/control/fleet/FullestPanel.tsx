import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import { get } from '../../../api/client';
import type { Page, TenantShare } from '../../../api/types';
import { Meter } from '../../../ui/Meter';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { limitWords } from '../limits';
import { RaiseLimitDialog } from '../tenant/RaiseLimitDialog';

const LIMITS = ['events_per_month', 'incidents_per_month', 'users', 'api_keys', 'integrations'] as const;
const SHOWN = 10;

/** Who is nearest to a limit: the neighbours that others notice. */
export function FullestPanel() {
  const [limit, setLimit] = useState<(typeof LIMITS)[number]>('events_per_month');
  const [changing, setChanging] = useState<TenantShare | null>(null);
  const id = useId();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['fullest', limit],
    queryFn: ({ signal }) =>
      get<Page<TenantShare>>('/api/tenants/usage', { limit_name: limit, limit: SHOWN }, signal),
  });
  return (
    <section className="panel control-panel" aria-labelledby={`${id}-title`}>
      <div className="panel-title row">
        <h2 id={`${id}-title`}>Nearest to their limit</h2>
        <label className="visually-hidden" htmlFor={`${id}-limit`}>
          Limit
        </label>
        <select
          id={`${id}-limit`}
          className="input panel-select"
          value={limit}
          onChange={(event) => setLimit(event.target.value as typeof limit)}
        >
          {LIMITS.map((name) => (
            <option key={name} value={name}>
              {limitWords(name)}
            </option>
          ))}
        </select>
      </div>
      {isPending && (
        <Loading label="usage">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Usage" error={error} onRetry={refetch} />}
      {data?.items.length === 0 && (
        <Empty title="Nobody has used anything yet">Planes report every few minutes.</Empty>
      )}
      {data && data.items.length > 0 && (
        <ol className="fullest">
          {data.items.map((tenant) => (
            <li key={tenant.tenant_id}>
              <Link
                to="/control/tenants/$tenantId"
                params={{ tenantId: tenant.tenant_id }}
                search={{ tab: 'usage' }}
                className="clip"
                dir="auto"
              >
                {tenant.name}
              </Link>
              <Meter label={`${tenant.name}: ${limitWords(limit)}`} used={tenant.used} limit={tenant.limit} />
              <button type="button" className="btn" onClick={() => setChanging(tenant)}>
                Set limit <span className="visually-hidden">of {tenant.name}</span>
              </button>
            </li>
          ))}
        </ol>
      )}
      {changing && (
        <RaiseLimitDialog
          tenantId={changing.tenant_id}
          tenantName={changing.name}
          limit={changing}
          onClose={() => setChanging(null)}
        />
      )}
    </section>
  );
}
