import { describe, expect, it } from 'vitest';
import type { ApiKey } from '../../../api/types';
import { keyState } from './keyState';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const KEY: ApiKey = {
  key_id: 'k',
  name: 'sender',
  scope: 'ingestion',
  profile: null,
  rate_limit_rps: null,
  prefix: 'opk_acme_k_…',
  created_by: 'ana',
  created_at: '2026-11-01T00:00:00Z',
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
  last_used_address: null,
};

describe('the state of a key', () => {
  it.each([
    ['active', {}],
    ['unused', { created_at: '2026-01-01T00:00:00Z' }],
    ['active', { created_at: '2026-01-01T00:00:00Z', last_used_at: '2026-11-24T00:00:00Z' }],
    ['expired', { expires_at: '2026-11-25T11:59:59Z' }],
    ['revoked', { revoked_at: '2026-11-24T00:00:00Z', expires_at: '2026-11-24T00:00:00Z' }],
  ] as const)('%s', (state, change) => {
    expect(keyState({ ...KEY, ...change }, NOW)).toBe(state);
  });
});
