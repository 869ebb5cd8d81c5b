import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type SubmitEvent, useId, useState } from 'react';
import type { ImportedTenant } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { fileSize } from '../limits';
import { Notices } from './Notices';
import { fetchPlans, importTenant } from './tenantsApi';

/** An archive of this or another installation becomes a tenant that is not here yet: all of it or nothing. */
export function ImportTenantDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [plan, setPlan] = useState('');
  const [keepGrants, setKeepGrants] = useState(false);
  const [imported, setImported] = useState<ImportedTenant | null>(null);
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
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
      const tenant = await importTenant(file, plan, keepGrants);
      await client.invalidateQueries({ queryKey: ['tenants'] });
      tell(`${tenant.name} was imported and is ${tenant.state}`);
      if (tenant.notices.length > 0) {
        setImported(tenant);
      } else {
        await show(tenant);
      }
    });
  };
  const show = (tenant: ImportedTenant) =>
    navigate({ to: '/control/tenants/$tenantId', params: { tenantId: tenant.tenant_id } });
  if (imported) {
    return (
      <Dialog title={`${imported.name} was imported`} onClose={onClose} width={480}>
        <p>Not everything of the archive counts here:</p>
        <Notices notices={imported.notices} />
        <p className="hint">The tenant's operations keep this list.</p>
        <DialogActions>
          <button type="button" className="btn primary" onClick={() => void show(imported)}>
            Open {imported.name}
          </button>
        </DialogActions>
      </Dialog>
    );
  }
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
        <div className="field">
          <label htmlFor={`${id}-plan`}>Plan</label>
          <select
            id={`${id}-plan`}
            className="input"
            value={plan}
            onChange={(event) => setPlan(event.target.value)}
          >
            <option value="">the one it had, as it is sold here</option>
            {plans.data?.map((known) => (
              <option key={known.name} value={known.name}>
                {known.name}
              </option>
            ))}
          </select>
          {plans.error && <p className="bad">Plans could not be loaded.</p>}
        </div>
        <label className="row">
          <input
            type="checkbox"
            checked={keepGrants}
            onChange={(event) => setKeepGrants(event.target.checked)}
          />
          Raised limits and confirmed domains of there count here, too
        </label>
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
