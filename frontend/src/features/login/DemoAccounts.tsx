import { useEffect, useState } from 'react';
import type { DemoAccount, Session } from '../../api/types';
import { type Realm, requestDemoAccounts, requestSession } from './signIn';

type Props = { realm: Realm; onSession: (session: Session) => Promise<void> };

/** One button an account, on a demo installation only. */
export function DemoAccounts({ realm, onSession }: Props) {
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    requestDemoAccounts(realm)
      .then(setAccounts)
      .catch(() => setAccounts([]));
  }, [realm]);
  if (accounts.length === 0) {
    return null;
  }
  const signIn = async (account: DemoAccount) => {
    setProblem('');
    try {
      // A code of the authenticator app counts for half a minute: ask for the one of this moment.
      const fresh = account.otp === null ? account : await current(realm, account);
      await onSession(
        await requestSession({
          email: fresh.email,
          password: fresh.password,
          ...(fresh.tenant_id ? { tenant_id: fresh.tenant_id } : {}),
          ...(fresh.otp ? { otp: fresh.otp } : {}),
        }),
      );
    } catch {
      setProblem('This demo account could not sign in.');
    }
  };
  return (
    <section className="login-demo" aria-labelledby="demo-title">
      <h2 id="demo-title">Demo accounts</h2>
      <ul>
        {accounts.map((account) => (
          <li key={account.email + account.tenant_id}>
            <button type="button" className="btn" onClick={() => void signIn(account)}>
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

async function current(realm: Realm, account: DemoAccount): Promise<DemoAccount> {
  const accounts = await requestDemoAccounts(realm);
  return accounts.find((known) => known.email === account.email) ?? account;
}
