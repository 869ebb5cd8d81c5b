import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { newKey } from '../../../api/client';
import type { Plan } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitWords } from '../limits';
import { ChangesList } from './ChangesList';
import { planChanges } from './planChanges';
import { LIMITS, ROLES } from './planLimits';
import { createVersion } from './plansApi';

type Limit = (typeof LIMITS)[number];
const RATES = { viewer: 100, operator: 500, admin: 1000 };

/** A plan is changed by its next version, which begins as a copy of the newest. */
export function NewVersionDialog({ plan, onClose }: { plan: Plan | null; onClose: () => void }) {
  const [name, setName] = useState(plan?.name ?? '');
  const [limits, setLimits] = useState<Record<Limit, string>>(
    () =>
      Object.fromEntries(LIMITS.map((limit) => [limit, String(plan?.limits[limit] ?? '')])) as Record<
        Limit,
        string
      >,
  );
  const [rates, setRates] = useState(() => {
    const before = { ...RATES, ...plan?.limits.requests_per_minute };
    return { viewer: String(before.viewer), operator: String(before.operator), admin: String(before.admin) };
  });
  const [price, setPrice] = useState(plan?.price_cents == null ? '' : (plan.price_cents / 100).toFixed(2));
  const [lookupKey, setLookupKey] = useState(plan?.stripe_price_lookup_key ?? '');
  const [placement, setPlacement] = useState(plan?.placement ?? 'shared');
  const [key] = useState(newKey);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const cents = price.trim() === '' ? null : Math.round(Number(price) * 100);
  const values = Object.fromEntries(
    LIMITS.map((limit) => [limit, limits[limit].trim() === '' ? null : Number(limits[limit])]),
  ) as Record<Limit, number | null>;
  const draft = {
    limits: {
      ...values,
      requests_per_minute: {
        viewer: Number(rates.viewer),
        operator: Number(rates.operator),
        admin: Number(rates.admin),
      },
    },
    placement,
    price_cents: cents,
    currency: cents === null ? null : (plan?.currency ?? 'usd'),
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const made = await action.run(async () => {
      const stripe_price_lookup_key = cents === null ? null : lookupKey.trim() || null;
      await createVersion({ ...draft, name: name.trim(), stripe_price_lookup_key }, key);
      await client.invalidateQueries({ queryKey: ['plans'] });
    });
    if (made) {
      tell(plan ? `${plan.name} has a new version` : `${name.trim()} can be chosen now`);
      onClose();
    }
  };
  return (
    <Dialog title={plan ? `New version of ${plan.name}` : 'Create plan'} onClose={onClose} width={560}>
      <form onSubmit={submit}>
        {!plan && (
          <div className="field">
            <label htmlFor={`${id}-name`}>Name</label>
            <input
              id={`${id}-name`}
              className="input mono"
              required
              pattern="[a-z][a-z0-9\-]+"
              title="Small letters, digits and hyphens"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </div>
        )}
        <div className="plan-limits">
          {LIMITS.map((limit) => (
            <div className="field" key={limit}>
              <label htmlFor={`${id}-${limit}`}>{limitWords(limit)}</label>
              <input
                id={`${id}-${limit}`}
                className="input num"
                type="number"
                min={0}
                placeholder="unlimited"
                value={limits[limit]}
                onChange={(event) => setLimits({ ...limits, [limit]: event.target.value })}
              />
            </div>
          ))}
          {ROLES.map((role) => (
            <div className="field" key={role}>
              <label htmlFor={`${id}-${role}`}>{limitWords(`requests_per_minute_${role}`)}</label>
              <input
                id={`${id}-${role}`}
                className="input num"
                type="number"
                min={1}
                required
                value={rates[role]}
                onChange={(event) => setRates({ ...rates, [role]: event.target.value })}
              />
            </div>
          ))}
        </div>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-price`}>Price a month ({(plan?.currency ?? 'usd').toUpperCase()})</label>
            <input
              id={`${id}-price`}
              className="input num"
              type="number"
              min={0}
              step="0.01"
              placeholder="not sold online"
              value={price}
              onChange={(event) => setPrice(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-placement`}>Runs in</label>
            <select
              id={`${id}-placement`}
              className="input"
              value={placement}
              onChange={(event) => setPlacement(event.target.value as Plan['placement'])}
            >
              <option value="shared">a shared cell</option>
              <option value="dedicated">its own plane</option>
            </select>
          </div>
        </div>
        <div className="field">
          <label htmlFor={`${id}-lookup`}>Lookup key of its price at Stripe</label>
          <input
            id={`${id}-lookup`}
            className="input mono"
            maxLength={200}
            placeholder="none: billed by hand"
            value={lookupKey}
            onChange={(event) => setLookupKey(event.target.value)}
          />
        </div>
        {plan && <ChangesList changes={planChanges(plan, draft)} />}
        <Problem what="No version was made" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            {plan ? `Make version ${plan.version + 1}` : 'Create plan'}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
