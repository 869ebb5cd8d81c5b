import { useEffect, useState } from 'react';
import type { ApiError } from '../../api/errors';
import type { DemoAccount, Session } from '../../api/types';
import { useAction } from '../../ui/useAction';
import { loginProblem, type Realm, requestDemoAccounts, requestSession } from './signIn';

type Props = { realm: Realm; onSession: (session: Session) => Promise<void> };

/** One button an account, on a demo installation only. */
export function DemoAccounts({ realm, onSession }: Props) {
  const [accounts, setAccounts] = useState<DemoAccount[]>([]);
  const action = useAction();
  useEffect(() => {
    requestDemoAccounts(realm)
      .then(setAccounts)
      .catch(() => setAccounts([]));
  }, [realm]);
  if (accounts.length === 0) {
    return null;
  }
  const signIn = (account: DemoAccount) =>
    action.run(async () => {
      // A code of the authenticator app counts for half a minute, once: ask for the one of this moment.
      const fresh = realm === 'control' ? await current(realm, account) : account;
      await onSession(
        await requestSession({
          email: fresh.email,
          password: fresh.password,
          ...(fresh.tenant_id ? { tenant_id: fresh.tenant_id } : {}),
          ...(fresh.otp ? { otp: fresh.otp } : {}),
        }),
      );
    });
  return (
    <section className="login-demo" aria-labelledby="demo-title">
      <h2 id="demo-title">Demo accounts</h2>
      <ul>
        {accounts.map((account) => (
          <li key={account.email + account.tenant_id}>
            <button
              type="button"
              className="btn"
              aria-disabled={action.busy}
              onClick={() => void signIn(account)}
            >
              <span className="clip">{account.label}</span>
              <span className="hint">{account.role.replace('_', ' ')}</span>
            </button>
          </li>
        ))}
      </ul>
      {action.problem && (
        <p className="login-notice" role="alert">
          {demoProblem(action.problem)}
        </p>
      )}
    </section>
  );
}

async function current(realm: Realm, account: DemoAccount): Promise<DemoAccount> {
  const accounts = await requestDemoAccounts(realm);
  return accounts.find((known) => known.email === account.email) ?? account;
}

function demoProblem(error: ApiError): string {
  return error.code === 'OTP_REQUIRED'
    ? 'The code of this half minute was used already. Try again when it is over.'
    : loginProblem(error);
}
