import { usePageTitle } from '../../../ui/usePageTitle';

export function ControlAuditPage() {
  usePageTitle('Audit log', null);
  return (
    <div className="page-head">
      <h1>Audit log</h1>
    </div>
  );
}
