import { getRouteApi } from '@tanstack/react-router';
import { usePageTitle } from '../../../ui/usePageTitle';
import { AuditTable } from '../../audit/AuditTable';
import { CONTROL } from '../title';

const route = getRouteApi('/control/audit');

export function ControlAuditPage() {
  usePageTitle('Audit log', CONTROL);
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className="page-scroll">
      <div className="page-head">
        <h1>Audit log</h1>
      </div>
      <AuditTable
        log="control"
        text={q}
        onText={(text) => void navigate({ search: text === '' ? {} : { q: text }, replace: true })}
      />
    </div>
  );
}
