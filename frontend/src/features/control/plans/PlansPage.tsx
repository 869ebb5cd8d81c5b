import { usePageTitle } from '../../../ui/usePageTitle';

export function PlansPage() {
  usePageTitle('Plans', null);
  return (
    <div className="page-head">
      <h1>Plans</h1>
    </div>
  );
}
