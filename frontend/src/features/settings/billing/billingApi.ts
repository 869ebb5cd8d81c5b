import { get, post, remove } from '../../../api/client';
import type { Billing, InvoiceList, SentTo } from '../../../api/types';

/** `tenantId`: for super-admins, who work in no tenant. */
export function fetchBilling(signal?: AbortSignal, tenantId?: string): Promise<Billing> {
  return get<Billing>('/api/billing', { tenant_id: tenantId }, signal);
}

/** What Stripe says now: for who comes back from paying. */
export function refreshBilling(): Promise<Billing> {
  return post<Billing>('/api/billing/refresh');
}

export function fetchInvoices(
  cursor: string | null,
  signal?: AbortSignal,
  tenantId?: string,
): Promise<InvoiceList> {
  return get<InvoiceList>('/api/billing/invoices', { limit: 20, cursor, tenant_id: tenantId }, signal);
}

export function openCheckout(plan: string, key: string): Promise<SentTo> {
  return post<SentTo>('/api/billing/checkout', { plan }, key);
}

export function openPortal(): Promise<SentTo> {
  return post<SentTo>('/api/billing/portal', {});
}

export function changeSubscription(plan: string, key: string): Promise<Billing> {
  return post<Billing>('/api/billing/subscription', { plan }, key);
}

export function cancelSubscription(): Promise<Billing> {
  return remove<Billing>('/api/billing/subscription');
}

export function pauseSubscription(key: string): Promise<Billing> {
  return post<Billing>('/api/billing/subscription/pause', {}, key);
}

export function resumeSubscription(key: string): Promise<Billing> {
  return post<Billing>('/api/billing/subscription/resume', {}, key);
}
