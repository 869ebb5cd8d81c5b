import { usePageTitle } from '../../../ui/usePageTitle';

export function FleetPage() {
  usePageTitle('Fleet', null);
  return (
    <div className="page-head">
      <h1>Fleet</h1>
    </div>
  );
}
