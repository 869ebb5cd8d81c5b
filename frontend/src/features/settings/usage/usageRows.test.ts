import { describe, expect, it } from 'vitest';
import type { OwnUsage, Usage } from '../../../api/types';
import { ofControlPlane, ofOwnPlane, outlook, type UsageRow, withPresent } from './usageRows';

const NOW = Date.parse('2026-11-25T12:00:00Z');
const ROW: UsageRow = { name: 'users', used: 3, limit: 50, trend: [], resetsAt: null, reachedAt: null };

describe('usage', () => {
  it('keeps apart what is counted and what is only a limit', () => {
    const picture = ofControlPlane({
      plan: 'pro',
      plan_version: 2,
      held: 4,
      reported_at: null,
      items: [
        { limit_name: 'users', used: 3, limit: 50, trend: [{ day: '2026-11-25', amount: 3 }] },
        { limit_name: 'retention_days', used: null, limit: 90, trend: [] },
      ],
    } as unknown as Usage);
    expect(picture.counted.map((row) => [row.name, row.used, row.limit, row.trend])).toEqual([
      ['users', 3, 50, [3]],
    ]);
    expect(picture.fixed).toEqual([{ name: 'retention_days', limit: 90 }]);
  });

  it('reads a plane’s own answer into the same shape', () => {
    const picture = ofOwnPlane({
      plan: 'free',
      held: 0,
      limits: [{ name: 'api_keys', used: 1, limit: 2, over: false, resets_at: null }],
      requests_per_minute: { viewer: 100, operator: 500, admin: null },
      retention_days: null,
    } as unknown as OwnUsage);
    expect(picture.counted[0]).toMatchObject({ name: 'api_keys', used: 1, limit: 2 });
    expect(picture.fixed).toContainEqual({ name: 'requests_per_minute_admin', limit: null });
  });

  it('is as of now where the plane counts it', () => {
    const picture = { plan: 'pro', version: 1, held: 0, fixed: [], reportedAt: null };
    const rows = [ROW, { ...ROW, name: 'api_keys', used: 0, limit: 20, trend: [0, 0] }];
    const own = { held: 7, limits: [{ name: 'api_keys', used: 2, limit: 2 }] } as unknown as OwnUsage;
    expect(withPresent({ ...picture, counted: rows }, own)).toMatchObject({
      held: 7,
      counted: [ROW, { name: 'api_keys', used: 2, limit: 20, trend: [0, 0] }],
    });
  });

  it.each([
    ['full', { used: 50 }],
    ['full', { used: 51 }],
    ['soon', { reachedAt: '2026-12-20T00:00:00Z' }],
    ['later', { reachedAt: '2027-05-20T00:00:00Z' }],
    ['open', {}],
    ['open', { limit: null, used: 9_999 }],
  ] as const)('is %s', (words, change) => {
    expect(outlook({ ...ROW, ...change }, NOW)).toBe(words);
  });
});
