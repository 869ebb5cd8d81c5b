import { LoginForm } from '../features/login/LoginForm';
import { Dialog } from '../ui/Dialog';
import { beginSession, signOut, useSession } from './session';

/** The session ended in the middle of work: sign in over the page, which keeps everything that was typed. */
export function SessionDialog() {
  const session = useSession();
  if (session.status !== 'expired') {
    return null;
  }
  if (session.user.acting_as) {
    return (
      <Dialog title="This impersonation has ended">
        <p>Close this tab. In the console you can enter the tenant again, with a reason.</p>
      </Dialog>
    );
  }
  return (
    <Dialog title="Your session has ended">
      <p className="muted">Sign in to go on. What you typed is still on the page behind.</p>
      <LoginForm
        realm="tenant"
        email={session.user.email}
        tenantId={session.user.tenant_id}
        onSession={beginSession}
      />
      <button type="button" className="link" onClick={signOut}>
        Leave and go to the login page
      </button>
    </Dialog>
  );
}
