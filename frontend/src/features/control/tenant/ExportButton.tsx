import { download } from '../../../api/client';
import type { Tenant } from '../../../api/types';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';

export function ExportButton({ tenant }: { tenant: Tenant }) {
  const action = useAction();
  const save = () =>
    void action.run(async () => {
      const address = URL.createObjectURL(await download(`/api/tenants/${tenant.tenant_id}/export`));
      const link = document.createElement('a');
      link.href = address;
      link.download = `${tenant.tenant_id}-${new Date().toISOString().slice(0, 10)}.tar`;
      link.click();
      URL.revokeObjectURL(address);
      tell(`The archive of ${tenant.name} is in your downloads`);
    });
  return (
    <div className="export">
      <button type="button" className="btn" aria-disabled={action.busy} onClick={save}>
        {action.busy ? 'Exporting' : `Export ${tenant.name}`}
      </button>
      <Problem what="Nothing was exported" problem={action.problem} />
    </div>
  );
}
