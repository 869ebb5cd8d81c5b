import { usePageTitle } from '../../../ui/usePageTitle';

export function TenantPage() {
  usePageTitle('Tenant', null);
  return (
    <div className="page-head">
      <h1>Tenant</h1>
    </div>
  );
}
