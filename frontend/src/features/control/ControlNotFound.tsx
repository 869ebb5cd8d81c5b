import { Link } from '@tanstack/react-router';
import '../../ui/states.css';
import { usePageTitle } from '../../ui/usePageTitle';
import { CONTROL } from './title';

export function ControlNotFound() {
  usePageTitle('Nothing here', CONTROL);
  return (
    <div className="state">
      <h1>Nothing here</h1>
      <p>This page does not exist, or its tenant is gone.</p>
      <Link className="btn" to="/control/tenants">
        Go to tenants
      </Link>
    </div>
  );
}
