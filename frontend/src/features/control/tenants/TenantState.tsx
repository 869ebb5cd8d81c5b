import type { Tenant } from '../../../api/types';
import { Tag } from '../../../ui/Tag';
import { Day } from '../../../ui/Time';
import { operationWords } from '../tenant/operationWords';

const TONES = {
  requested: 'warn',
  provisioning: 'warn',
  active: 'ok',
  suspended: 'bad',
  deleting: 'bad',
  gone: 'off',
} as const;

/** The state, and the operation that is under way if there is one. */
export function TenantState({ tenant }: { tenant: Tenant }) {
  return (
    <span className="row">
      <Tag tone={TONES[tenant.state]}>{tenant.state}</Tag>
      {tenant.state === 'deleting' && tenant.delete_after && (
        <span className="hint">
          removed after <Day at={tenant.delete_after} />
        </span>
      )}
      {tenant.operation_kind && (
        <span className="hint">{operationWords(tenant.operation_kind).toLowerCase()} under way</span>
      )}
    </span>
  );
}
