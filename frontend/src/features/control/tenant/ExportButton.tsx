import { type SubmitEvent, useId, useState } from 'react';
import { download } from '../../../api/client';
import type { Tenant } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';

export function ExportButton({ tenant }: { tenant: Tenant }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn" onClick={() => setOpen(true)}>
        Export {tenant.name}
      </button>
      {open && <ExportDialog tenant={tenant} onClose={() => setOpen(false)} />}
    </>
  );
}

function ExportDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const action = useAction();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const isSaved = await action.run(async () => {
      const path = `/api/tenants/${tenant.tenant_id}/export`;
      const address = URL.createObjectURL(await download(path, { reason: reason.trim() }));
      const link = document.createElement('a');
      link.href = address;
      link.download = `${tenant.tenant_id}-${new Date().toISOString().slice(0, 10)}.tar`;
      link.click();
      URL.revokeObjectURL(address);
      tell(`The archive of ${tenant.name} is in your downloads`);
    });
    if (isSaved) {
      onClose();
    }
  };
  return (
    <Dialog title={`Export ${tenant.name}`} onClose={onClose} width={480}>
      <form onSubmit={submit}>
        <p>
          The archive holds everything of this tenant, its people's password hashes included. It goes into the
          tenant's own audit log and ours, with your reason.
        </p>
        <div className="field">
          <label htmlFor={`${id}-reason`}>Reason (the tenant's admins see it)</label>
          <input
            id={`${id}-reason`}
            className="input"
            required
            minLength={3}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        {action.busy && (
          <p className="hint" role="status">
            Exporting. Keep this page open.
          </p>
        )}
        <Problem what="Nothing was exported" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            {action.busy ? 'Exporting' : `Export ${tenant.name}`}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
