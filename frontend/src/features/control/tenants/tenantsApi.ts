import { get, post } from '../../../api/client';
import type { Page, Plan, Tenant } from '../../../api/types';
import { itemsOf } from '../../incidents/incidentsApi';

const MOST_TENANTS = 500;

export function fetchTenants(signal?: AbortSignal): Promise<Page<Tenant>> {
  return get<Page<Tenant>>('/api/tenants', { limit: MOST_TENANTS }, signal);
}

export async function fetchPlans(signal?: AbortSignal): Promise<Plan[]> {
  return itemsOf(await get<Page<Plan> | Plan[]>('/api/plans', {}, signal));
}

export type NewTenant = { tenant_id: string; name: string; plan: string; contact_email: string };

export function createTenant(tenant: NewTenant, key: string): Promise<Tenant> {
  return post<Tenant>('/api/tenants', tenant, key);
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
