import { usePageTitle } from '../../../ui/usePageTitle';

export function BillingPage() {
  usePageTitle('Billing', null);
  return (
    <div className="page-head">
      <h1>Billing</h1>
    </div>
  );
}
