import './tenant.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { Tenant } from '../../../api/types';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { TenantState } from '../tenants/TenantState';
import { fetchTenant } from '../tenants/tenantsApi';
import { CONTROL } from '../title';
import { ImpersonationPanel } from './ImpersonationPanel';
import { LifePanel } from './LifePanel';
import { OperationsPanel } from './OperationsPanel';
import { TenantFacts } from './TenantFacts';
import { UsagePanel } from './UsagePanel';

const route = getRouteApi('/control/tenants/$tenantId');
const TABS = [
  { tab: 'operations', name: 'Operations' },
  { tab: 'usage', name: 'Usage and limits' },
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
  if (isPending) {
    return (
      <Loading label="the tenant">
        <SkeletonRows rows={6} height={36} />
      </Loading>
    );
  }
  if (!data) {
    return <Failed what="The tenant" error={error} onRetry={refetch} />;
  }
  return (
    <div className="page-scroll">
      <div className="page-head">
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
    case 'usage':
      return <UsagePanel tenantId={tenant.tenant_id} />;
    case 'access':
      return <ImpersonationPanel tenant={tenant} />;
    case 'life':
      return <LifePanel tenant={tenant} />;
    default:
      return <OperationsPanel tenant={tenant} />;
  }
}
