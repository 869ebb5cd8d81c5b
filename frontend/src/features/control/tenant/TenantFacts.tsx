import { useState } from 'react';
import type { Tenant } from '../../../api/types';
import { Moment } from '../../../ui/Time';
import { ChangePlanDialog } from './ChangePlanDialog';
import { EditTenantDialog } from './EditTenantDialog';

export function TenantFacts({ tenant }: { tenant: Tenant }) {
  const [open, setOpen] = useState<'edit' | 'plan' | null>(null);
  const changeable = tenant.state === 'active' || tenant.state === 'suspended';
  const close = () => setOpen(null);
  return (
    <section className="panel tenant-facts" aria-label="Facts">
      <dl>
        <Fact name="Id">
          <span className="mono">{tenant.tenant_id}</span>
        </Fact>
        <Fact name="Plan">
          {tenant.plan} <span className="hint">version {tenant.plan_version}</span>
        </Fact>
        <Fact name="Contact">{tenant.contact_email}</Fact>
        <Fact name="Runs in">{tenant.placement === 'dedicated' ? 'its own plane' : tenant.cell}</Fact>
        <Fact name="People">{tenant.users ?? 'not counted'}</Fact>
        <Fact name="Created">
          <Moment at={tenant.created_at} />
        </Fact>
        {tenant.suspended_reason && <Fact name="Suspended because">{tenant.suspended_reason}</Fact>}
        {tenant.delete_after && (
          <Fact name="Removed after">
            <Moment at={tenant.delete_after} />
          </Fact>
        )}
      </dl>
      {changeable && (
        <div className="row">
          <button type="button" className="btn" onClick={() => setOpen('edit')}>
            Edit name and contact
          </button>
          <button type="button" className="btn" onClick={() => setOpen('plan')}>
            Change plan
          </button>
        </div>
      )}
      {open === 'edit' && <EditTenantDialog tenant={tenant} onClose={close} />}
      {open === 'plan' && <ChangePlanDialog tenant={tenant} onClose={close} />}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="hint">{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}
