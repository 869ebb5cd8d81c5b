import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { post } from '../../../api/client';
import type { ImpersonationStarted, Tenant } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { useAction } from '../../../ui/useAction';

type Props = { tenant: Tenant; onClose: () => void };

export function ImpersonateDialog({ tenant, onClose }: Props) {
  const [reason, setReason] = useState('');
  const [minutes, setMinutes] = useState('15');
  const [write, setWrite] = useState(false);
  const [started, setStarted] = useState<ImpersonationStarted | null>(null);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      setStarted(
        await post<ImpersonationStarted>(`/api/tenants/${tenant.tenant_id}/impersonations`, {
          reason: reason.trim(),
          minutes: Number(minutes),
          write,
        }),
      );
      await client.invalidateQueries({ queryKey: ['tenant', tenant.tenant_id, 'impersonations'] });
    });
  };
  if (started) {
    return (
      <Dialog title={`You may enter ${tenant.name}`} onClose={onClose}>
        <p>
          It opens in a tab of its own, with a red bar that says how long. Its admins see that you are there,
          and why.
        </p>
        <DialogActions>
          <a
            className="btn primary"
            href={`/impersonate#token=${encodeURIComponent(started.token)}`}
            target="_blank"
            rel="noreferrer"
            onClick={onClose}
          >
            Open {tenant.name}
          </a>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title={`Enter ${tenant.name}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="hint">
          It goes into the tenant's own audit log and ours, with your reason and everything you do.
        </p>
        <div className="field">
          <label htmlFor={`${id}-reason`}>Reason</label>
          <input
            id={`${id}-reason`}
            className="input"
            required
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-minutes`}>Minutes</label>
          <input
            id={`${id}-minutes`}
            className="input num"
            type="number"
            min={1}
            max={60}
            required
            value={minutes}
            onChange={(event) => setMinutes(event.target.value)}
          />
        </div>
        <label className="row">
          <input type="checkbox" checked={write} onChange={(event) => setWrite(event.target.checked)} />I need
          to change things there
        </label>
        <Problem what="You may not enter" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn danger" aria-disabled={action.busy}>
            Enter {tenant.name}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
