import { describe, expect, it } from 'vitest';
import type { Billing, Plan } from '../../../api/types';
import { offerOf } from './offers';

const plan = (name: string, rank: number, isSold = true) =>
  ({ name, rank, stripe_price_lookup_key: isSold ? `opsplane_${name}` : null }) as Plan;
const FREE = plan('free', 1, false);
const PRO = plan('pro', 2);
const TEAM = plan('team', 3);
const PLANS = [FREE, PRO, TEAM];

const NOTHING = {
  checkout: false,
  portal: false,
  change: false,
  cancel: false,
  pause: false,
  resume: false,
};
const facts = (change: Partial<Billing>) =>
  ({ plan: 'pro', pending_plan: null, is_cancelled: false, actions: NOTHING, ...change }) as Billing;
const offers = (billing: Billing) => PLANS.map((one) => offerOf(one, billing, PLANS));
const CHANGE = { ...NOTHING, change: true };

describe('what may be chosen', () => {
  it('is a subscription to what is sold, for who has none', () => {
    const billing = facts({ plan: 'free', actions: { ...NOTHING, checkout: true } });
    expect(offers(billing)).toEqual([null, 'subscribe', 'subscribe']);
  });

  it('is a change up or down for who has one', () => {
    expect(offers(facts({ actions: CHANGE }))).toEqual([null, null, 'upgrade']);
    expect(offers(facts({ plan: 'team', actions: CHANGE }))).toEqual([null, 'downgrade', null]);
  });

  it('is keeping the present one, when another is to come or the end', () => {
    expect(offers(facts({ plan: 'team', pending_plan: 'pro', actions: CHANGE }))).toEqual([
      null,
      null,
      'keep',
    ]);
    expect(offers(facts({ is_cancelled: true, actions: CHANGE }))).toEqual([null, 'keep', 'upgrade']);
  });

  it('is nothing while nothing may be changed', () => {
    expect(offers(facts({}))).toEqual([null, null, null]);
  });
});
