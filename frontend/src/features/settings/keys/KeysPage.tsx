import { usePageTitle } from '../../../ui/usePageTitle';

export function KeysPage() {
  usePageTitle('API keys', null);
  return (
    <div className="page-head">
      <h1>API keys</h1>
    </div>
  );
}
