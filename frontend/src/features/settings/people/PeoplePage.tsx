import { usePageTitle } from '../../../ui/usePageTitle';

export function PeoplePage() {
  usePageTitle('People', null);
  return (
    <div className="page-head">
      <h1>People</h1>
    </div>
  );
}
