import { Link } from '@tanstack/react-router';
import './states.css';
import { usePageTitle } from './usePageTitle';

/** The same page for what never existed and for what belongs to somebody else. */
export function NotFound() {
  usePageTitle('Nothing here', null);
  return (
    <div className="state">
      <h1>Nothing here</h1>
      <p>This page does not exist, or you may not see it.</p>
      <Link className="btn" to="/incidents">
        Go to incidents
      </Link>
    </div>
  );
}
