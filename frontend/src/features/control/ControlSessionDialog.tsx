import { beginSession, signOut, useSession } from '../../app/session';
import { Dialog } from '../../ui/Dialog';
import { LoginForm } from '../login/LoginForm';

export function ControlSessionDialog() {
  const session = useSession();
  if (session.status !== 'expired') {
    return null;
  }
  return (
    <Dialog title="Your session has ended">
      <LoginForm realm="control" email={session.user.email} overPage onSession={beginSession} />
      <button type="button" className="link" onClick={signOut}>
        Leave and go to the login page
      </button>
    </Dialog>
  );
}
