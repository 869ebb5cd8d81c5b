import { get, patch, post, remove, upload } from '../../../api/client';
import type { ImportedTenant, Page, Plan, Tenant, TenantOperation } from '../../../api/types';
import { itemsOf } from '../../incidents/incidentsApi';

export const PAGE_SIZE = 100;

export type TenantFilter = { q: string; state: string; plan: string };

export function fetchTenants(
  filter: TenantFilter,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<Tenant>> {
  return get<Page<Tenant>>('/api/tenants', { limit: PAGE_SIZE, ...filter, cursor }, signal);
}

export async function fetchPlans(signal?: AbortSignal): Promise<Plan[]> {
  return itemsOf(await get<Page<Plan> | Plan[]>('/api/plans', {}, signal));
}

export type NewTenant = { tenant_id: string; name: string; plan: string; contact_email: string };

export function createTenant(tenant: NewTenant, key: string): Promise<Tenant> {
  return post<Tenant>('/api/tenants', tenant, key);
}

/** Without a plan's name, the tenant gets the one it had. */
export function importTenant(archive: Blob, plan: string, keepGrants: boolean): Promise<ImportedTenant> {
  const wishes = { plan, keep_grants: keepGrants ? 'true' : '' };
  return upload<ImportedTenant>('/api/tenants/import', archive, wishes);
}

export function fetchTenant(tenantId: string, signal?: AbortSignal): Promise<Tenant> {
  return get<Tenant>(`/api/tenants/${tenantId}`, {}, signal);
}

export type TenantChange = { name?: string; contact_email?: string; plan?: string; reason?: string };

export function changeTenant(tenant: Tenant, change: TenantChange): Promise<Tenant> {
  return patch<Tenant>(`/api/tenants/${tenant.tenant_id}`, change, tenant.generation);
}

export function suspendTenant(tenantId: string, reason: string): Promise<Tenant> {
  return post<Tenant>(`/api/tenants/${tenantId}/suspend`, { reason });
}

export function resumeTenant(tenantId: string, reason: string): Promise<Tenant> {
  return post<Tenant>(`/api/tenants/${tenantId}/resume`, reason ? { reason } : {});
}

export function deleteTenant(tenantId: string): Promise<Tenant> {
  return remove<Tenant>(`/api/tenants/${tenantId}`, { confirm: tenantId });
}

export function restoreTenant(tenantId: string): Promise<Tenant> {
  return post<Tenant>(`/api/tenants/${tenantId}/restore`);
}

export function moveTenant(tenantId: string, placement: Tenant['placement'], reason: string) {
  return post<TenantOperation>(
    `/api/tenants/${tenantId}/move`,
    reason ? { placement, reason } : { placement },
  );
}

export function fetchOperations(
  tenantId: string,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<TenantOperation>> {
  return get<Page<TenantOperation>>(`/api/tenants/${tenantId}/operations`, { limit: 20, cursor }, signal);
}

export function retryOperation(operation: TenantOperation): Promise<TenantOperation> {
  return post<TenantOperation>(
    `/api/tenants/${operation.tenant_id}/operations/${operation.operation_id}/retry`,
  );
}

export function cancelOperation(operation: TenantOperation): Promise<TenantOperation> {
  return post<TenantOperation>(
    `/api/tenants/${operation.tenant_id}/operations/${operation.operation_id}/cancel`,
  );
}

/** "Acme Corp." becomes "acme-corp". */
export function idFromName(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
}
