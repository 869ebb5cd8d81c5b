import type { Tenant } from '../../../api/types';
import { Empty } from '../../../ui/states';

export function ImpersonationPanel({ tenant }: { tenant: Tenant }) {
  return (
    <section className="panel control-panel" aria-label="Access">
      <Empty title={`Nobody of us is in ${tenant.name}`} />
    </section>
  );
}
