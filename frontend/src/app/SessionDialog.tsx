import { useEffect } from 'react';
import { LoginForm } from '../features/login/LoginForm';
import { Dialog } from '../ui/Dialog';
import { beginSession, renew, signOut, useSession } from './session';

/** The session ended in the middle of work: sign in over the page, which keeps everything that was typed. */
export function SessionDialog() {
  const session = useSession();
  useSignedInElsewhere(session.status === 'expired' && !session.user.acting_as);
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
      {session.user.method === 'sso' ? (
        <a
          className="btn primary"
          href={`/api/auth/sso/start?tenant_id=${session.user.tenant_id}`}
          target="_blank"
          rel="noopener"
        >
          Continue with single sign-on in a new tab
        </a>
      ) : (
        <LoginForm
          realm="tenant"
          email={session.user.email}
          tenantId={session.user.tenant_id}
          overPage
          onSession={beginSession}
        />
      )}
      <button type="button" className="link" onClick={signOut}>
        Leave and go to the login page
      </button>
    </Dialog>
  );
}

/** In another tab, as through a provider: whoever comes back from there goes on here. */
function useSignedInElsewhere(waiting: boolean): void {
  useEffect(() => {
    if (!waiting) {
      return;
    }
    const look = () => {
      if (document.visibilityState === 'visible') {
        renew().catch(() => undefined);
      }
    };
    document.addEventListener('visibilitychange', look);
    window.addEventListener('focus', look);
    return () => {
      document.removeEventListener('visibilitychange', look);
      window.removeEventListener('focus', look);
    };
  }, [waiting]);
}
