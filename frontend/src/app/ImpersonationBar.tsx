import './impersonation.css';
import { duration } from '../ui/age';
import { useNow } from '../ui/now';
import { endImpersonation } from './impersonation';
import { useSession } from './session';

/** Red and always there while a super-admin is in somebody's tenant: for how long, and what they may do. */
export function ImpersonationBar() {
  const { user } = useSession();
  const now = useNow();
  const acting = user?.acting_as;
  if (!acting) {
    return null;
  }
  const left = (Date.parse(acting.ends_at) - now) / 1000;
  const leave = () => {
    endImpersonation();
    window.close();
    location.assign('/login');
  };
  return (
    <div className="impersonation" role="status">
      <span>
        {acting.by} in {user?.tenant_name ?? user?.tenant_id},{' '}
        {acting.read_only ? 'read only' : 'may change things'}: {acting.reason}
      </span>
      <span className="num push">{left > 0 ? `${duration(left)} left` : 'ended'}</span>
      <button type="button" className="btn" onClick={leave}>
        Leave
      </button>
    </div>
  );
}
