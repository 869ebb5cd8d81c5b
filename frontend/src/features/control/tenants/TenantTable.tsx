import { Link } from '@tanstack/react-router';
import type { Tenant } from '../../../api/types';
import { dayMonth, utcDay } from '../../../ui/age';
import { Tag } from '../../../ui/Tag';
import { payments } from '../tenant/payments';
import { TenantState } from './TenantState';

export function TenantTable({ tenants }: { tenants: readonly Tenant[] }) {
  return (
    <div className="control-scroll" tabIndex={0} role="region" aria-label="Tenant table">
      <table className="control-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Id</th>
            <th scope="col">Plan</th>
            <th scope="col">State</th>
            <th scope="col">Runs in</th>
            <th scope="col" className="amount">
              People
            </th>
            <th scope="col" className="amount">
              Events this month
            </th>
            <th scope="col">Last event</th>
            <th scope="col">Payments</th>
            <th scope="col">Contact</th>
            <th scope="col">Created</th>
          </tr>
        </thead>
        <tbody>
          {tenants.map((tenant) => (
            <tr key={tenant.tenant_id}>
              <th scope="row" dir="auto" title={tenant.name}>
                <Link to="/control/tenants/$tenantId" params={{ tenantId: tenant.tenant_id }}>
                  {tenant.name}
                </Link>
              </th>
              <td className="mono">{tenant.tenant_id}</td>
              <td>{tenant.plan}</td>
              <td>
                <TenantState tenant={tenant} />
              </td>
              <td>{tenant.placement === 'dedicated' ? 'its own plane' : tenant.cell}</td>
              <td className="num amount">{tenant.users?.toLocaleString('en') ?? '–'}</td>
              <td className="num amount">
                <Events tenant={tenant} />
              </td>
              <td className="num">{tenant.last_event_on ? utcDay(tenant.last_event_on) : 'none'}</td>
              <td>
                <Payments standing={tenant.standing} />
              </td>
              <td className="clip contact" title={tenant.contact_email}>
                {tenant.contact_email}
              </td>
              <td className="num" title={tenant.created_at}>
                {dayMonth(tenant.created_at)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Against the limit where there is one; from 80 % on in the colour of a warning, with the share in figures. */
function Events({ tenant }: { tenant: Tenant }) {
  const used = tenant.events_this_month ?? 0;
  const limit = tenant.events_limit ?? null;
  if (limit === null) {
    return used.toLocaleString('en');
  }
  const share = limit === 0 ? Number(used > 0) : used / limit;
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'hint';
  return (
    <>
      {used.toLocaleString('en')} <span className={tone}>{Math.floor(share * 100)} %</span>
    </>
  );
}

function Payments({ standing }: { standing: Tenant['standing'] }) {
  const { words, tone } = payments(standing);
  return tone === 'off' ? <span className="hint">{words}</span> : <Tag tone={tone}>{words}</Tag>;
}
