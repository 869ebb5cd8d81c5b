import { usePageTitle } from '../../../ui/usePageTitle';

export function UsagePage() {
  usePageTitle('Plan and usage', null);
  return (
    <div className="page-head">
      <h1>Plan and usage</h1>
    </div>
  );
}
