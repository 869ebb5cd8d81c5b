import type { Plan } from '../../../api/types';
import { money } from '../../../ui/money';
import { limitValue, limitWords } from '../limits';
import { LIMITS, ROLES } from '../plans/planLimits';

/** All that a tenant of this plan gets, so that nobody has to know the plans by heart. */
export function PlanLimits({ plan }: { plan: Plan }) {
  const rates = plan.limits.requests_per_minute;
  return (
    <section className="plan-facts" aria-label={`What ${plan.name} gives`}>
      <dl>
        <Fact name="Runs in">{plan.placement === 'dedicated' ? 'its own plane' : 'the shared cell'}</Fact>
        <Fact name="Price">
          {plan.price_cents !== null && plan.currency !== null
            ? `${money(plan.price_cents, plan.currency)} a month`
            : 'not sold online'}
        </Fact>
        {LIMITS.map((limit) => (
          <Fact key={limit} name={limitWords(limit)}>
            {limitValue(plan.limits[limit] ?? null)}
          </Fact>
        ))}
        <Fact name="Requests a minute">
          {ROLES.map((role) => `${role} ${limitValue(rates[role])}`).join(', ')}
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="hint">{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
