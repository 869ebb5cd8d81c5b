import './login.css';
import { useEffect, useState } from 'react';
import type { Session } from '../../api/types';
import { beginSession } from '../../app/session';
import { BrandMark } from '../../ui/Brand';
import { DemoAccounts } from './DemoAccounts';
import { ForgotPassword } from './ForgotPassword';
import { Invitation } from './Invitation';
import { LoginForm } from './LoginForm';
import { safeNextPath } from './nextPath';
import { ResetPassword } from './ResetPassword';
import { SignUp } from './SignUp';
import { SsoArrival } from './SsoArrival';
import { isServerReachable, moveSession, type Realm } from './signIn';
import { ssoProblem } from './ssoProblem';
import { rememberTenant, TenantChoice } from './TenantChoice';
import { useRegistration } from './useRegistration';

const SERVER_CHECK_MS = 2_000;
const CONTROL_HOME = '/control/tenants';

const TITLES: Record<string, string> = {
  '/login/forgot': 'Set a new password',
  '/reset-password': 'Set a new password',
  '/join': 'Invitation',
  '/login/sign-up': 'Create an account',
  '/login/sso': 'Signing in',
};

export function LoginPage({ realm, onSignedIn }: { realm: Realm; onSignedIn: () => Promise<void> }) {
  const [choosing, setChoosing] = useState<Session | null>(null);
  const reachable = useServerReachable();
  const control = realm === 'control';
  const path = location.pathname;
  const title = TITLES[path] ?? (control ? 'Sign in to the control plane' : 'Sign in to Opsplane');

  useEffect(() => {
    document.title = control ? 'Sign in – Opsplane control plane' : `${TITLES[path] ?? 'Sign in'} – Opsplane`;
  }, [control]);

  const enter = async (session: Session, wanted?: string | null) => {
    const home = control ? CONTROL_HOME : '/';
    const next = safeNextPath(wanted ?? new URLSearchParams(location.search).get('next'), home);
    history.replaceState(null, '', session.user.must_enrol ? '/control/account' : next);
    rememberTenant(session.user.tenant_id);
    await beginSession(session);
    await onSignedIn();
  };

  const accept = (session: Session) => {
    if (!control && session.user.tenants.length > 1) {
      setChoosing(session);
      return Promise.resolve();
    }
    return enter(session);
  };

  const choose = async (tenantId: string) => {
    if (choosing) {
      await enter(tenantId === choosing.user.tenant_id ? choosing : await moveSession(choosing, tenantId));
    }
  };

  return (
    <main className={control ? 'login login-control' : 'login'}>
      <div className="login-card">
        <div className="row">
          <BrandMark size={24} />
          <h1>{title}</h1>
        </div>
        {!reachable && (
          <p className="login-notice" role="alert">
            The server does not answer. You can fill in the form; signing in will work once it is back.
          </p>
        )}
        {choosing ? (
          <TenantChoice tenants={choosing.user.tenants} onChoose={choose} />
        ) : (
          <Content path={path} realm={realm} accept={accept} enter={enter} />
        )}
      </div>
    </main>
  );
}

type ContentProps = {
  path: string;
  realm: Realm;
  accept: (session: Session) => Promise<void>;
  enter: (session: Session, wanted?: string | null) => Promise<void>;
};

function Content({ path, realm, accept, enter }: ContentProps) {
  switch (path) {
    case '/login/forgot':
      return <ForgotPassword />;
    case '/reset-password':
      return <ResetPassword />;
    case '/join':
      return <Invitation onSession={(session) => enter(session, '/')} />;
    case '/login/sign-up':
      return <SignUp />;
    case '/login/sso':
      return <SsoArrival onSession={enter} />;
    default:
      return (
        <>
          <ProviderProblem />
          <LoginForm realm={realm} onSession={accept} />
          {realm === 'tenant' && <OtherWays />}
          <DemoAccounts realm={realm} onSession={accept} />
        </>
      );
  }
}

function OtherWays() {
  const registration = useRegistration();
  return (
    <div className="login-ways">
      <a href="/login/forgot">Forgot your password?</a>
      {registration === 'open' && <a href="/login/sign-up">Create an account</a>}
    </div>
  );
}

function ProviderProblem() {
  const code = new URLSearchParams(location.search).get('error');
  return code ? (
    <p className="login-notice" role="alert">
      {ssoProblem(code)}
    </p>
  ) : null;
}

function useServerReachable(): boolean {
  const [reachable, setReachable] = useState(true);
  useEffect(() => {
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const check = async () => {
      const answer = await isServerReachable(SERVER_CHECK_MS);
      if (!stopped) {
        setReachable(answer);
        timer = setTimeout(check, answer ? 30_000 : 5_000);
      }
    };
    check();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);
  return reachable;
}
