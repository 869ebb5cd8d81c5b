import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useId, useState } from 'react';
import type { Tenant } from '../../../api/types';
import { dayMonth } from '../../../ui/age';
import { Empty, Failed, Loading, Refetching, SkeletonRows } from '../../../ui/states';
import { CreateTenantDialog } from './CreateTenantDialog';
import { fetchTenants } from './tenantsApi';

function matches(tenant: Tenant, words: string): boolean {
  return [tenant.name, tenant.tenant_id, tenant.contact_email, tenant.plan, tenant.state].some((text) =>
    text.toLowerCase().includes(words),
  );
}

export function TenantsPage() {
  const [search, setSearch] = useState('');
  const [creating, setCreating] = useState(false);
  const searchId = useId();
  const words = useDeferredValue(search.trim().toLowerCase());
  const { data, error, isPending, isFetching, refetch } = useQuery({
    queryKey: ['tenants'],
    queryFn: ({ signal }) => fetchTenants(signal),
  });
  const shown = data?.items.filter((tenant) => matches(tenant, words)) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>Tenants</h1>
        <span className="hint num" role="status">
          {data && `${shown.length.toLocaleString('en')} of ${data.total.toLocaleString('en')}`}
        </span>
        <button type="button" className="btn primary push" onClick={() => setCreating(true)}>
          Create tenant
        </button>
      </div>
      <div className="control-search">
        <label htmlFor={searchId}>Search</label>
        <input
          id={searchId}
          className="input"
          type="search"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </div>
      <section className="panel control-panel" aria-label="Tenants">
        <Refetching active={isFetching && !isPending} />
        {isPending && (
          <Loading label="tenants">
            <SkeletonRows rows={8} height={36} />
          </Loading>
        )}
        {error && !data && <Failed what="Tenants" error={error} onRetry={refetch} />}
        {data && data.items.length === 0 && (
          <Empty title="No tenants yet">Create the first one: it gets its own schema and role.</Empty>
        )}
        {data && data.items.length > 0 && shown.length === 0 && (
          <Empty
            title="No tenant matches"
            actions={
              <button type="button" className="btn" onClick={() => setSearch('')}>
                Clear search
              </button>
            }
          >
            The search hides {data.items.length} tenants.
          </Empty>
        )}
        {shown.length > 0 && <TenantTable tenants={shown} />}
      </section>
      {creating && <CreateTenantDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function TenantTable({ tenants }: { tenants: readonly Tenant[] }) {
  return (
    <div className="control-scroll" tabIndex={0} role="region" aria-label="Tenant table">
      <table className="control-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Id</th>
            <th scope="col">Plan</th>
            <th scope="col">State</th>
            <th scope="col">Contact</th>
            <th scope="col">Events this month</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {tenants.map((tenant) => (
            <tr key={tenant.tenant_id}>
              <th scope="row" dir="auto">
                {tenant.name}
              </th>
              <td className="mono">{tenant.tenant_id}</td>
              <td>{tenant.plan}</td>
              <td>{tenant.state}</td>
              <td>{tenant.contact_email}</td>
              <td className="num">{tenant.events_this_month?.toLocaleString('en') ?? 'not reported'}</td>
              <td className="num" title={tenant.created_at}>
                {dayMonth(tenant.created_at)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
