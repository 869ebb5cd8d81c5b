import { usePageTitle } from '../../ui/usePageTitle';

export function AccountPage() {
  usePageTitle('Account', null);
  return (
    <div className="page-head">
      <h1>Account</h1>
    </div>
  );
}
