import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { newKey } from '../../../api/client';
import type { Billing, Plan } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Problem } from '../../../ui/Problem';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Day } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitValue, limitWords } from '../../control/limits';
import { price } from '../../control/plans/plansApi';
import { fetchPlans } from '../../control/tenants/tenantsApi';
import { changeSubscription, openCheckout } from './billingApi';
import { type Offer, offerOf, offerWords } from './offers';

const SHOWN = [
  'users',
  'api_keys',
  'integrations',
  'events_per_month',
  'incidents_per_month',
  'retention_days',
] as const;

/** The plans side by side; who has no subscription goes to Stripe's page, where it is paid. */
export function PlanChoice({ billing }: { billing: Billing }) {
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
  const [asked, setAsked] = useState<{ plan: Plan; offer: Offer } | null>(null);
  const [key] = useState(newKey);
  const action = useAction();
  const isBusy = action.busy || billing.running_change !== null;
  const choose = (plan: Plan, offer: Offer) => {
    if (isBusy) {
      return;
    }
    if (offer !== 'subscribe') {
      setAsked({ plan, offer });
      return;
    }
    void action.run(async () => location.assign((await openCheckout(plan.name, `${key}-${plan.name}`)).url));
  };
  return (
    <section className="panel billing-panel" aria-labelledby="plans-title">
      <h2 id="plans-title">Plans</h2>
      {plans.isPending && (
        <Loading label="plans">
          <SkeletonRows rows={4} height={36} />
        </Loading>
      )}
      {plans.error && !plans.data && (
        <Failed what="Plans" error={plans.error} onRetry={() => void plans.refetch()} />
      )}
      <Problem what="The plan was not changed" problem={action.problem} />
      {plans.data && (
        <ul className="plan-choice">
          {plans.data.map((plan) => (
            <PlanCard
              key={plan.name}
              plan={plan}
              billing={billing}
              offer={offerOf(plan, billing, plans.data)}
              isBusy={isBusy}
              onChoose={choose}
            />
          ))}
        </ul>
      )}
      {asked && <ChangeDialog {...asked} billing={billing} onClose={() => setAsked(null)} />}
    </section>
  );
}

type CardProps = {
  plan: Plan;
  billing: Billing;
  offer: Offer | null;
  isBusy: boolean;
  onChoose: (plan: Plan, offer: Offer) => void;
};

function PlanCard({ plan, billing, offer, isBusy, onChoose }: CardProps) {
  const isCurrent = plan.name === billing.plan;
  const isNext = plan.name === (billing.is_cancelled ? 'free' : billing.pending_plan);
  return (
    <li aria-current={isCurrent ? 'true' : undefined}>
      <p className="plan-name">
        <b>{plan.name}</b>
        {isCurrent && <span className="plan-mark">Your plan</span>}
        {isNext && !isCurrent && <span className="plan-mark">Next</span>}
      </p>
      <p className="num">{price(plan)}</p>
      <dl>
        {SHOWN.map((limit) => (
          <div key={limit}>
            <dt className="hint">{limitWords(limit)}</dt>
            <dd className="num">{limitValue(plan.limits[limit] ?? null)}</dd>
          </div>
        ))}
      </dl>
      {offer && (
        <button
          type="button"
          className={offer === 'downgrade' ? 'btn' : 'btn primary'}
          aria-disabled={isBusy}
          onClick={() => onChoose(plan, offer)}
        >
          {offerWords(offer, plan.name)}
        </button>
      )}
    </li>
  );
}

type ChangeProps = { plan: Plan; offer: Offer; billing: Billing; onClose: () => void };

function ChangeDialog({ plan, offer, billing, onClose }: ChangeProps) {
  const client = useQueryClient();
  const [key] = useState(newKey);
  const verb = offerWords(offer, plan.name);
  const change = async () => {
    client.setQueryData(['billing'], await changeSubscription(plan.name, key));
    await client.invalidateQueries({ queryKey: ['billing'] });
    tell(offer === 'keep' ? `${plan.name} is kept` : `The change to ${plan.name} is recorded`);
  };
  return (
    <ConfirmDialog title={verb} verb={verb} act={change} onClose={onClose}>
      {offer === 'upgrade' && (
        <p>
          {plan.name} for {price(plan)} counts at once, with its limits. The difference for the rest of this
          period is invoiced now.
        </p>
      )}
      {offer === 'downgrade' && (
        <p>
          {billing.plan} stays until{' '}
          {billing.current_period_ends_at ? <Day at={billing.current_period_ends_at} /> : 'the period ends'},
          then {plan.name} counts for {price(plan)}. Nothing is deleted; what exceeds its limits stays and
          can’t grow.
        </p>
      )}
      {offer === 'keep' && <p>What was to happen at the end of the period is taken back.</p>}
    </ConfirmDialog>
  );
}
