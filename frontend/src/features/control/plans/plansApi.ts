import { get, post } from '../../../api/client';
import type { Page, Plan, PlanPreviewed } from '../../../api/types';
import { itemsOf } from '../../incidents/incidentsApi';

export async function fetchVersions(name: string, signal?: AbortSignal): Promise<Plan[]> {
  return itemsOf(await get<Page<Plan> | Plan[]>(`/api/plans/${name}`, {}, signal));
}

export function previewPlan(name: string, version: number, cursor: string | null): Promise<PlanPreviewed> {
  return post<PlanPreviewed>(`/api/plans/${name}/preview`, { version, ...(cursor ? { cursor } : {}) });
}

export type PlanDraft = Pick<
  Plan,
  'name' | 'placement' | 'price_cents' | 'currency' | 'stripe_price_lookup_key'
> & { limits: Partial<Plan['limits']> };

export function createVersion(draft: PlanDraft, key: string): Promise<Plan> {
  return post<Plan>('/api/plans', draft, key);
}

export function price(plan: Pick<Plan, 'price_cents' | 'currency'>): string {
  if (plan.price_cents === null || plan.currency === null) {
    return 'not sold online';
  }
  const amount = new Intl.NumberFormat('en', { style: 'currency', currency: plan.currency.toUpperCase() });
  return `${amount.format(plan.price_cents / 100)} a month`;
}
