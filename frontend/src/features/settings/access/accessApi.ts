import { get } from '../../../api/client';
import type { Page, ProviderStay } from '../../../api/types';

/** When somebody of the provider was in this tenant, newest first. */
export function fetchStays(cursor: string | null, signal?: AbortSignal): Promise<Page<ProviderStay>> {
  return get<Page<ProviderStay>>('/api/impersonations', { limit: 50, cursor }, signal);
}
