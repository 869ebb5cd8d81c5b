import { type SubmitEvent, useId, useState } from 'react';
import type { Tenant } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { changeTenant } from '../tenants/tenantsApi';
import { useTenantRefresh } from './useTenantRefresh';

export function EditTenantDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [name, setName] = useState(tenant.name);
  const [email, setEmail] = useState(tenant.contact_email);
  const action = useAction();
  const refresh = useTenantRefresh(tenant.tenant_id);
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await action.run(async () => {
      await changeTenant(tenant, { name: name.trim(), contact_email: email.trim() });
      await refresh();
    });
    if (done) {
      tell('Name and contact were saved');
      onClose();
    }
  };
  return (
    <Dialog title={`Edit ${tenant.name}`} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            className="input"
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-email`}>Contact email</label>
          <input
            id={`${id}-email`}
            className="input"
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </div>
        <Problem what="Nothing was saved" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            Save
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
