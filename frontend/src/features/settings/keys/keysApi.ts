import { get, post, remove } from '../../../api/client';
import type { ApiKey, ApiKeyCreated, Page } from '../../../api/types';

export type Scope = ApiKey['scope'];

/** In words, with the paths that each opens beside those of the ones before it. */
export const SCOPES: readonly { scope: Scope; name: string; words: string; opens: string }[] = [
  {
    scope: 'ingestion',
    name: 'Send alerts',
    words: 'Posts alerts, and reads nothing. The plan counts it as an integration.',
    opens: 'POST /api/webhook, /webhook, /api/alerts/webhook',
  },
  {
    scope: 'viewer',
    name: 'Read',
    words: 'Reads incidents, alerts and usage, and changes nothing. It can’t send alerts.',
    opens: 'GET /api/incidents, /api/alerts, /api/usage; /graphql, /ws',
  },
  {
    scope: 'operator',
    name: 'Read and respond',
    words: 'Also sends alerts, and declares, acknowledges, changes and resolves incidents.',
    opens: 'POST, PATCH /api/incidents; POST /api/webhook',
  },
  {
    scope: 'admin',
    name: 'Everything',
    words: 'Also makes and revokes API keys, and reads the audit log.',
    opens: '/api/apikeys, /api/audit',
  },
];

export function scopeWords(scope: Scope): string {
  return SCOPES.find((known) => known.scope === scope)?.name ?? scope;
}

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
