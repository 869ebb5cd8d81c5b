import './tenant.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { asApiError } from '../../../api/errors';
import type { Tenant } from '../../../api/types';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { ControlNotFound } from '../ControlNotFound';
import { TenantState } from '../tenants/TenantState';
import { fetchTenant } from '../tenants/tenantsApi';
import { CONTROL } from '../title';
import { BillingPanel } from './BillingPanel';
import { DomainsPanel } from './DomainsPanel';
import { ImpersonationPanel } from './ImpersonationPanel';
import { LifePanel } from './LifePanel';
import { OperationsPanel } from './OperationsPanel';
import { PeoplePanel } from './PeoplePanel';
import { TenantFacts } from './TenantFacts';
import { UsagePanel } from './UsagePanel';

const route = getRouteApi('/control/tenants/$tenantId');
const TABS = [
  { tab: 'operations', name: 'Operations' },
  { tab: 'people', name: 'People' },
  { tab: 'usage', name: 'Usage and limits' },
  { tab: 'billing', name: 'Billing' },
  { tab: 'access', name: 'Access' },
  { tab: 'life', name: 'Suspend, move, delete' },
] as const;
const BUSY_MS = 2_000;

export function TenantPage() {
  const { tenantId } = route.useParams();
  const { tab = 'operations' } = route.useSearch();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['tenant', tenantId],
    queryFn: ({ signal }) => fetchTenant(tenantId, signal),
    refetchInterval: (query) => (query.state.data?.operation_id ? BUSY_MS : false),
  });
  usePageTitle(data?.name ?? tenantId, CONTROL);
  const status = error && !data ? asApiError(error).status : null;
  if (status === 404 || status === 422) {
    return <ControlNotFound />;
  }
  if (!data) {
    return (
      <>
        <div className="page-head">
          <h1>{tenantId}</h1>
        </div>
        {isPending ? (
          <Loading label="the tenant">
            <SkeletonRows rows={2} height={36} />
            <SkeletonRows rows={6} height={36} />
          </Loading>
        ) : (
          <Failed what="The tenant" error={error} stillWorks="The list still works." onRetry={refetch} />
        )}
      </>
    );
  }
  return (
    <div className="page-scroll">
      <div className="page-head tenant-head">
        <Link to="/control/tenants">Tenants</Link>
        <span className="hint" aria-hidden="true">
          /
        </span>
        <h1 dir="auto">{data.name}</h1>
        <TenantState tenant={data} />
      </div>
      <TenantFacts tenant={data} />
      <nav className="tenant-tabs" aria-label="About this tenant">
        {TABS.map((entry) => (
          <Link
            key={entry.tab}
            to="/control/tenants/$tenantId"
            params={{ tenantId }}
            search={entry.tab === 'operations' ? {} : { tab: entry.tab }}
            aria-current={tab === entry.tab ? 'page' : undefined}
            className={tab === entry.tab ? 'on' : ''}
          >
            {entry.name}
          </Link>
        ))}
      </nav>
      <Panel tab={tab} tenant={data} />
    </div>
  );
}

function Panel({ tab, tenant }: { tab: string; tenant: Tenant }) {
  switch (tab) {
    case 'people':
      return <PeoplePanel tenant={tenant} />;
    case 'usage':
      return <UsagePanel tenant={tenant} />;
    case 'billing':
      return <BillingPanel tenantId={tenant.tenant_id} />;
    case 'access':
      return (
        <>
          <ImpersonationPanel tenant={tenant} />
          <DomainsPanel tenantId={tenant.tenant_id} />
        </>
      );
    case 'life':
      return <LifePanel tenant={tenant} />;
    default:
      return <OperationsPanel tenant={tenant} />;
  }
}
