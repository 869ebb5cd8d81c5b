import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type SubmitEvent, useId, useState } from 'react';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { fileSize } from '../limits';
import { importTenant } from './tenantsApi';

/** An archive of this or another installation becomes a tenant that is not here yet: all of it or nothing. */
export function ImportTenantDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const action = useAction();
  const client = useQueryClient();
  const navigate = useNavigate();
  const id = useId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!file) {
      return;
    }
    void action.run(async () => {
      const tenant = await importTenant(file);
      await client.invalidateQueries({ queryKey: ['tenants'] });
      tell(`${tenant.name} was imported and is ${tenant.state}`);
      await navigate({ to: '/control/tenants/$tenantId', params: { tenantId: tenant.tenant_id } });
    });
  };
  return (
    <Dialog title="Import tenant" onClose={onClose} width={480}>
      <form onSubmit={submit}>
        <p>
          The tenant gets the id it had, with its people, incidents, alerts and settings. An id that is
          already here is refused, and a file that is not whole changes nothing.
        </p>
        <div className="field">
          <label htmlFor={`${id}-file`}>Archive (the .tar file of an export)</label>
          <input
            id={`${id}-file`}
            className="input file-input"
            type="file"
            accept=".tar,application/x-tar"
            required
            onChange={(event) => {
              setFile(event.target.files?.[0] ?? null);
              action.clear();
            }}
          />
        </div>
        {action.busy && file && (
          <p className="hint" role="status">
            Sending {fileSize(file.size)} and checking it. Keep this page open.
          </p>
        )}
        <Problem what="Nothing was imported" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy || !file}>
            {action.busy ? 'Importing' : 'Import tenant'}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
