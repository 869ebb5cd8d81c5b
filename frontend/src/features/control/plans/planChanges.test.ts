import { expect, it } from 'vitest';
import { type PlanDraft, planChanges } from './planChanges';

const PRO: PlanDraft = {
  limits: {
    users: 50,
    api_keys: 20,
    events_per_month: 5_000_000,
    incidents_per_month: null,
    integrations: null,
    retention_days: 90,
    requests_per_minute: { viewer: 100, operator: 500, admin: 1000 },
  },
  placement: 'shared',
  price_cents: 9_900,
  currency: 'usd',
};

it('names what is another, and nothing else', () => {
  expect(planChanges(PRO, PRO)).toEqual([]);
  const limits = {
    ...PRO.limits,
    users: null,
    requests_per_minute: { ...PRO.limits.requests_per_minute, viewer: 60 },
  };
  expect(planChanges(PRO, { ...PRO, limits, placement: 'dedicated', price_cents: null })).toEqual([
    { what: 'People', before: '50', after: 'unlimited' },
    { what: 'Requests a minute, viewer', before: '100', after: '60' },
    { what: 'Price a month', before: expect.stringContaining('99'), after: 'not sold online' },
    { what: 'Runs in', before: 'a shared cell', after: 'its own plane' },
  ]);
});
