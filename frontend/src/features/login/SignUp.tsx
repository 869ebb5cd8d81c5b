import { useState } from 'react';
import { AccountForm, type NewAccount } from './AccountForm';
import { register } from './signIn';
import { useRegistration } from './useRegistration';

/** Where the installation is open: an account that opens nothing until it is invited to a tenant. */
export function SignUp() {
  const registration = useRegistration();
  const [made, setMade] = useState('');
  const make = async (account: NewAccount) => setMade((await register(account)).email);
  if (made) {
    return (
      <>
        <p role="status">
          Your account is ready. It opens nothing yet: ask an admin of your tenant to invite {made}, and
          follow the link of the invitation.
        </p>
        <a className="btn primary" href="/login">
          Sign in
        </a>
      </>
    );
  }
  if (registration === 'asking') {
    return <p role="status">Asking whether this installation is open</p>;
  }
  if (registration === 'closed') {
    return (
      <>
        <p className="login-notice" role="alert">
          This installation takes new people by invitation only. Ask an admin of your tenant.
        </p>
        <a href="/login">Back to sign in</a>
      </>
    );
  }
  return (
    <>
      <AccountForm verb="Create account" busyVerb="Creating it" onAccount={make} />
      <a href="/login">Back to sign in</a>
    </>
  );
}
