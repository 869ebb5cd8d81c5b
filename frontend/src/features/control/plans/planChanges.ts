import type { Plan } from '../../../api/types';
import { money } from '../../../ui/money';
import { limitValue, limitWords } from '../limits';
import { LIMITS, ROLES } from './planLimits';

export type PlanDraft = Pick<Plan, 'limits' | 'placement' | 'price_cents' | 'currency'>;
export type PlanChange = { what: string; before: string; after: string };

/** What is another in the next version, in the order in which the form asks for it. */
export function planChanges(before: PlanDraft, after: PlanDraft): PlanChange[] {
  const was = inWords(before);
  return inWords(after)
    .map(({ what, value }, index) => ({ what, before: was[index]?.value ?? '', after: value }))
    .filter((change) => change.before !== change.after);
}

function inWords(plan: PlanDraft): { what: string; value: string }[] {
  return [
    ...LIMITS.map((limit) => ({ what: limitWords(limit), value: limitValue(plan.limits[limit] ?? null) })),
    ...ROLES.map((role) => ({
      what: limitWords(`requests_per_minute_${role}`),
      value: limitValue(plan.limits.requests_per_minute[role]),
    })),
    {
      what: 'Price a month',
      value:
        plan.price_cents !== null && plan.currency !== null
          ? money(plan.price_cents, plan.currency)
          : 'not sold online',
    },
    { what: 'Runs in', value: plan.placement === 'dedicated' ? 'its own plane' : 'a shared cell' },
  ];
}
