// What may be done with each plan, from where the tenant stands. Pure.
import type { Billing, Plan } from '../../../api/types';

export type Offer = 'subscribe' | 'upgrade' | 'downgrade' | 'keep';

type Facts = Pick<Billing, 'plan' | 'pending_plan' | 'is_cancelled' | 'actions'>;

/** `keep` takes back what would happen at the end of the period. Null: there is nothing to choose. */
export function offerOf(plan: Plan, billing: Facts, plans: readonly Plan[]): Offer | null {
  const isSold = plan.stripe_price_lookup_key !== null;
  if (billing.actions.checkout) {
    return isSold ? 'subscribe' : null;
  }
  if (!billing.actions.change) {
    return null;
  }
  if (plan.name === billing.plan) {
    return billing.is_cancelled || billing.pending_plan !== null ? 'keep' : null;
  }
  if (!isSold || (plan.name === billing.pending_plan && !billing.is_cancelled)) {
    return null;
  }
  const present = plans.find((known) => known.name === billing.plan);
  return present && plan.rank < present.rank ? 'downgrade' : 'upgrade';
}

export function offerWords(offer: Offer, plan: string): string {
  return {
    subscribe: `Subscribe to ${plan}`,
    upgrade: `Change to ${plan}`,
    downgrade: `Change to ${plan}`,
    keep: `Keep ${plan}`,
  }[offer];
}
