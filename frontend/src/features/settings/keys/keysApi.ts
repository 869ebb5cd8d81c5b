import { get, post, remove } from '../../../api/client';
import type { ApiKey, ApiKeyCreated, Page } from '../../../api/types';

export type Scope = ApiKey['scope'];

export const SCOPES: readonly { scope: Scope; name: string; words: string }[] = [
  { scope: 'ingestion', name: 'Send alerts', words: 'Posts alerts to the webhooks, and nothing else.' },
  { scope: 'viewer', name: 'Read', words: 'Reads incidents, alerts and everything else that viewers see.' },
  {
    scope: 'operator',
    name: 'Read and respond',
    words: 'Also declares, acknowledges, changes and resolves incidents.',
  },
  { scope: 'admin', name: 'Everything', words: 'Also makes and revokes API keys and reads the audit log.' },
];

export function fetchKeys(cursor: string | null, signal?: AbortSignal): Promise<Page<ApiKey>> {
  return get<Page<ApiKey>>('/api/apikeys', { limit: 100, cursor }, signal);
}

export type NewKey = { name: string; scope: Scope; expires_at?: string; rate_limit_rps?: number };

export function createKey(wanted: NewKey, key: string): Promise<ApiKeyCreated> {
  return post<ApiKeyCreated>('/api/apikeys', wanted, key);
}

export function revokeKey(id: string): Promise<unknown> {
  return remove(`/api/apikeys/${id}`);
}
