import { usePageTitle } from '../../../ui/usePageTitle';

export function SignOnPage() {
  usePageTitle('Single sign-on', null);
  return (
    <div className="page-head">
      <h1>Single sign-on</h1>
    </div>
  );
}
