import { get, post, remove } from '../../../api/client';
import type { Billing, InvoiceList, SentTo } from '../../../api/types';

export function fetchBilling(signal?: AbortSignal): Promise<Billing> {
  return get<Billing>('/api/billing', {}, signal);
}

export function fetchInvoices(cursor: string | null, signal?: AbortSignal): Promise<InvoiceList> {
  return get<InvoiceList>('/api/billing/invoices', { limit: 20, cursor }, signal);
}

export function openCheckout(plan: string, key: string): Promise<SentTo> {
  return post<SentTo>('/api/billing/checkout', { plan }, key);
}

export function openPortal(): Promise<SentTo> {
  return post<SentTo>('/api/billing/portal', {});
}

export function changeSubscription(plan: string): Promise<Billing> {
  return post<Billing>('/api/billing/subscription', { plan });
}

export function cancelSubscription(): Promise<Billing> {
  return remove<Billing>('/api/billing/subscription');
}

export function pauseSubscription(): Promise<Billing> {
  return post<Billing>('/api/billing/subscription/pause');
}

export function resumeSubscription(): Promise<Billing> {
  return post<Billing>('/api/billing/subscription/resume');
}

export function money(cents: number, currency: string): string {
  return new Intl.NumberFormat('en', { style: 'currency', currency: currency.toUpperCase() }).format(
    cents / 100,
  );
}
