import { useQuery } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { post } from '../../../api/client';
import type { PlanPreviewed, Tenant } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitWords } from '../limits';
import { changeTenant, fetchPlans } from '../tenants/tenantsApi';
import { useTenantRefresh } from './useTenantRefresh';

/** Says which limits the tenant would exceed before it is moved. */
export function ChangePlanDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
  const [chosen, setChosen] = useState(tenant.plan);
  const [reason, setReason] = useState('');
  const action = useAction();
  const refresh = useTenantRefresh(tenant.tenant_id);
  const id = useId();
  const preview = useQuery({
    queryKey: ['plan-preview', chosen, tenant.tenant_id],
    queryFn: () => post<PlanPreviewed>(`/api/plans/${chosen}/preview`, { tenant_id: tenant.tenant_id }),
  });
  const plan = plans.data?.find((known) => known.name === chosen);
  const exceeds = preview.data?.items[0]?.exceeds ?? [];
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await action.run(async () => {
      await changeTenant(tenant, { plan: chosen, ...(reason.trim() ? { reason: reason.trim() } : {}) });
      await refresh();
    });
    if (done) {
      tell(`${tenant.name} is now on ${chosen}`);
      onClose();
    }
  };
  return (
    <Dialog title={`Change the plan of ${tenant.name}`} onClose={onClose} width={520}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-plan`}>Plan</label>
          <select
            id={`${id}-plan`}
            className="input"
            value={chosen}
            onChange={(event) => setChosen(event.target.value)}
          >
            {plans.data?.map((known) => (
              <option key={known.name} value={known.name}>
                {known.name} (version {known.version})
              </option>
            ))}
          </select>
        </div>
        {exceeds.length > 0 && (
          <div className="notice" role="status">
            <p>{tenant.name} uses more than this plan allows:</p>
            <ul>
              {exceeds.map((limit) => (
                <li key={limit.limit_name} className="num">
                  {limitWords(limit.limit_name)}: {limit.used.toLocaleString('en')} of{' '}
                  {limit.limit.toLocaleString('en')}
                </li>
              ))}
            </ul>
            <p>Nothing is taken away, but no more can be created.</p>
          </div>
        )}
        {preview.data && exceeds.length === 0 && (
          <p className="hint" role="status">
            What {tenant.name} uses now fits into this plan.
          </p>
        )}
        {plan && plan.placement !== tenant.placement && (
          <p className="hint">
            This plan runs {plan.placement === 'dedicated' ? 'in a plane of its own' : 'in a shared cell'}:
            the tenant is moved afterwards.
          </p>
        )}
        <div className="field">
          <label htmlFor={`${id}-reason`}>Reason (the tenant's admins see it)</label>
          <input
            id={`${id}-reason`}
            className="input"
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <Problem what="The plan was not changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy || !plan}>
            Change plan
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
