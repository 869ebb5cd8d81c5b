import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { newKey } from '../../../api/client';
import type { Billing, Plan } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { Failed } from '../../../ui/states';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitValue, limitWords } from '../../control/limits';
import { price } from '../../control/plans/plansApi';
import { fetchPlans } from '../../control/tenants/tenantsApi';
import { changeSubscription, openCheckout } from './billingApi';

const SHOWN = ['users', 'api_keys', 'events_per_month', 'incidents_per_month', 'retention_days'] as const;

/** The plans that can be bought; who has no subscription goes to Stripe's page first. */
export function PlanChoice({ billing }: { billing: Billing }) {
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
  const action = useAction();
  const client = useQueryClient();
  const [key] = useState(newKey);
  const choose = (plan: Plan) =>
    void action.run(async () => {
      if (billing.actions.checkout) {
        location.assign((await openCheckout(plan.name, `${key}-${plan.name}`)).url);
        return;
      }
      await changeSubscription(plan.name);
      await client.invalidateQueries({ queryKey: ['billing'] });
      tell(`The change to ${plan.name} is under way`);
    });
  const may = billing.actions.checkout || billing.actions.change;
  return (
    <section className="panel billing-panel" aria-labelledby="plans-title">
      <h2 id="plans-title">Plans</h2>
      {plans.error && <Failed what="Plans" error={plans.error} onRetry={plans.refetch} />}
      <Problem what="The plan was not changed" problem={action.problem} />
      <ul className="plan-choice">
        {plans.data?.map((plan) => (
          <li key={plan.name} aria-current={plan.name === billing.plan ? 'true' : undefined}>
            <b>{plan.name}</b>
            <span className="num">{price(plan)}</span>
            <ul className="hint num">
              {SHOWN.map((limit) => (
                <li key={limit}>
                  {limitWords(limit)}: {limitValue(plan.limits[limit] ?? null)}
                </li>
              ))}
            </ul>
            {plan.name === billing.plan && <span>Your plan</span>}
            {plan.name === billing.pending_plan && <span>From the next period on</span>}
            {may && plan.name !== billing.plan && plan.price_cents !== null && (
              <button
                type="button"
                className="btn"
                aria-disabled={action.busy || billing.running_change !== null}
                onClick={() => choose(plan)}
              >
                Choose {plan.name}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
