import { getRouteApi } from '@tanstack/react-router';
import { useSession } from '../../../app/session';
import { zoneName } from '../../../ui/age';
import { usePageTitle } from '../../../ui/usePageTitle';
import { AuditTable } from '../../audit/AuditTable';

const route = getRouteApi('/tenant/settings/audit');
const ACCESS = 'access';

/** Two logs: what was done in the tenant, and what the control plane did to its people, plan and access. */
export function AuditPage() {
  const { user } = useSession();
  usePageTitle('Audit log', user?.tenant_name);
  const { q = '', open } = route.useSearch();
  const navigate = route.useNavigate();
  const log = open === ACCESS ? 'control' : 'tenant';
  const show = (which: typeof log, text: string) =>
    void navigate({ search: { q: text || undefined, open: which === 'control' ? ACCESS : undefined } });
  return (
    <>
      <div className="page-head">
        <h1>Audit log</h1>
        <fieldset className="row settings-choice">
          <legend className="visually-hidden">Which log</legend>
          <button
            type="button"
            className="btn"
            aria-pressed={log === 'tenant'}
            onClick={() => show('tenant', '')}
          >
            In this tenant
          </button>
          <button
            type="button"
            className="btn"
            aria-pressed={log === 'control'}
            onClick={() => show('control', '')}
          >
            People, plan and access
          </button>
        </fieldset>
        <span className="hint push">Times in {zoneName()}</span>
      </div>
      <AuditTable key={log} log={log} text={q} onText={(text) => show(log, text)} />
    </>
  );
}
