import './login.css';
import { useEffect, useState } from 'react';
import type { DemoAccount, Session } from '../../api/types';
import { beginSession } from '../../app/session';
import { BrandMark } from '../../ui/Brand';
import { LoginForm } from './LoginForm';
import { safeNextPath } from './nextPath';
import { isServerReachable, type Realm, requestDemoAccounts, requestSession } from './signIn';
import { rememberTenant, TenantChoice } from './TenantChoice';

const SERVER_CHECK_MS = 2_000;

export function LoginPage({ realm, onSignedIn }: { realm: Realm; onSignedIn: () => Promise<void> }) {
  const [choosing, setChoosing] = useState<Session | null>(null);
  const [credentials, setCredentials] = useState<{ email: string; password: string } | null>(null);
  const reachable = useServerReachable();
  const demoAccounts = useDemoAccounts(realm);
  const control = realm === 'control';

  useEffect(() => {
    document.title = control ? 'Sign in – Opsplane control plane' : 'Sign in – Opsplane';
  }, [control]);

  const enter = async (session: Session) => {
    const home = control ? '/control/tenants' : '/';
    const next = safeNextPath(new URLSearchParams(location.search).get('next'), home);
    history.replaceState(null, '', next);
    rememberTenant(session.user.tenant_id);
    await beginSession(session);
    await onSignedIn();
  };

  const accept = (session: Session, used: { email: string; password: string }) => {
    if (!control && session.user.tenants.length > 1) {
      setCredentials(used);
      setChoosing(session);
      return Promise.resolve();
    }
    return enter(session);
  };

  const choose = async (tenantId: string) => {
    if (!choosing || !credentials) {
      return;
    }
    const session =
      tenantId === choosing.user.tenant_id
        ? choosing
        : await requestSession({ ...credentials, tenant_id: tenantId });
    await enter(session);
  };

  return (
    <main className={control ? 'login login-control' : 'login'}>
      <div className="login-card">
        <div className="row">
          <BrandMark size={24} />
          <h1>{control ? 'Sign in to the control plane' : 'Sign in to Opsplane'}</h1>
        </div>
        {!reachable && (
          <p className="login-notice" role="alert">
            The server does not answer. You can fill in the form; signing in will work once it is back.
          </p>
        )}
        {choosing ? (
          <TenantChoice tenants={choosing.user.tenants} onChoose={choose} />
        ) : (
          <>
            <LoginForm realm={realm} onSession={accept} />
            <DemoAccounts accounts={demoAccounts} onSession={accept} />
          </>
        )}
      </div>
    </main>
  );
}

function DemoAccounts(props: {
  accounts: DemoAccount[];
  onSession: (session: Session, used: { email: string; password: string }) => Promise<void>;
}) {
  const [problem, setProblem] = useState('');
  if (props.accounts.length === 0) {
    return null;
  }
  const signIn = async (account: DemoAccount) => {
    const used = { email: account.email, password: account.password };
    try {
      const asked = account.tenant_id ? { ...used, tenant_id: account.tenant_id } : used;
      await props.onSession(await requestSession(asked), used);
    } catch {
      setProblem('This demo account could not sign in.');
    }
  };
  return (
    <section className="login-demo" aria-labelledby="demo-title">
      <h2 id="demo-title">Demo accounts</h2>
      <ul>
        {props.accounts.map((account) => (
          <li key={account.email + account.tenant_id}>
            <button type="button" className="btn" onClick={() => signIn(account)}>
              <span className="clip">{account.label}</span>
              <span className="hint">{account.role.replace('_', ' ')}</span>
            </button>
          </li>
        ))}
      </ul>
      {problem && <p role="alert">{problem}</p>}
    </section>
  );
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

function useDemoAccounts(realm: Realm): DemoAccount[] {
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  useEffect(() => {
    requestDemoAccounts(realm)
      .then(setAccounts)
      .catch(() => setAccounts([]));
  }, [realm]);
  return accounts;
}
