import { useState } from 'react';
import { asApiError, sentence } from '../../../api/errors';
import type { Tenant } from '../../../api/types';
import { validToken } from '../../../app/session';
import { tellFailure } from '../../../ui/toasts';

/** The archive is a stream of any size: the browser saves it while it comes. */
export function ExportButton({ tenant }: { tenant: Tenant }) {
  const [busy, setBusy] = useState(false);
  const save = async () => {
    if (busy) {
      return;
    }
    setBusy(true);
    try {
      const response = await fetch(`/api/tenants/${tenant.tenant_id}/export`, {
        headers: { authorization: `Bearer ${await validToken()}` },
      });
      if (!response.ok) {
        throw new Error(`the server answered ${response.status}`);
      }
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = `${tenant.tenant_id}-${new Date().toISOString().slice(0, 10)}.tar`;
      link.click();
      URL.revokeObjectURL(address);
    } catch (error) {
      tellFailure(`${tenant.name} was not exported: ${sentence(asApiError(error).message)}`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" className="btn" aria-disabled={busy} onClick={() => void save()}>
      {busy ? 'Exporting' : `Export ${tenant.name}`}
    </button>
  );
}
