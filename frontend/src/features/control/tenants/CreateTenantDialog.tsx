import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { newKey } from '../../../api/client';
import { type ApiError, asApiError, sentence } from '../../../api/errors';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { tell } from '../../../ui/toasts';
import { PlanLimits } from './PlanLimits';
import { createTenant, fetchPlans, idFromName } from './tenantsApi';

export function CreateTenantDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
  const [name, setName] = useState('');
  const [ownId, setOwnId] = useState<string | null>(null);
  const [plan, setPlan] = useState('');
  const [email, setEmail] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  // One key for one intention: a second click, or a repeat after 503, continues the same creation.
  const [key] = useState(newKey);
  const id = useId();
  const tenantId = ownId ?? idFromName(name);
  const chosen = plans.data?.find((known) => known.name === plan) ?? plans.data?.[0];

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy || !chosen) {
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      const wanted = {
        tenant_id: tenantId,
        name: name.trim(),
        plan: chosen.name,
        contact_email: email.trim(),
      };
      const tenant = await createTenant(wanted, key);
      tell(`${tenant.name} was created and is ${tenant.state}`);
      await client.invalidateQueries({ queryKey: ['tenants'] });
      onClose();
    } catch (error) {
      setProblem(asApiError(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title="Create tenant" onClose={onClose} width={520}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            className="input"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-id`}>Id, for good</label>
            <input
              id={`${id}-id`}
              className="input mono"
              required
              pattern="[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
              title="Small letters, digits and hyphens"
              value={tenantId}
              onChange={(event) => setOwnId(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-email`}>Admin email</label>
            <input
              id={`${id}-email`}
              className="input"
              type="email"
              required
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          </div>
        </div>
        <div className="field">
          <label htmlFor={`${id}-plan`}>Plan</label>
          <select
            id={`${id}-plan`}
            className="input"
            value={chosen?.name ?? ''}
            onChange={(event) => setPlan(event.target.value)}
          >
            {plans.data?.map((known) => (
              <option key={known.name} value={known.name}>
                {known.name}
              </option>
            ))}
          </select>
          {plans.error && <p className="bad">Plans could not be loaded.</p>}
        </div>
        {chosen && <PlanLimits plan={chosen} />}
        {problem && (
          <div className="notice" role="alert">
            <p>The tenant was not created: {sentence(problem.message)}</p>
            {problem.fields.map((field) => (
              <p key={field.field}>
                {field.field}: {field.message}
              </p>
            ))}
          </div>
        )}
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={busy || !chosen}>
            {busy ? 'Creating' : 'Create tenant'}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
