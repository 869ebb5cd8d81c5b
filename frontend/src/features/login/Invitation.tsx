import { useEffect, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { InvitationPreview, Session } from '../../api/types';
import { AccountForm, type NewAccount } from './AccountForm';
import { hashToken } from './hashToken';
import { LoginForm } from './LoginForm';
import { readInvitation, register, requestSession } from './signIn';

type Props = { onSession: (session: Session) => Promise<void> };

/** Who has an account signs in to accept; others make one here. */
export function Invitation({ onSession }: Props) {
  const [token] = useState(() => hashToken());
  const [found, setFound] = useState<InvitationPreview | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    readInvitation(token)
      .then(setFound)
      .catch((error) => setProblem(sentence(asApiError(error).message)));
  }, [token]);
  if (problem) {
    return (
      <>
        <p className="login-notice" role="alert">
          {problem}
        </p>
        <a href="/login">Sign in</a>
      </>
    );
  }
  if (!found) {
    return <p role="status">Looking for your invitation</p>;
  }
  return (
    <>
      <p dir="auto">
        {found.invited_by} invites you to {found.tenant_name} as {found.role}.
      </p>
      {found.has_account ? (
        <LoginForm realm="tenant" email={found.email} invitation={token} onSession={onSession} />
      ) : (
        <Join token={token} invitation={found} onSession={onSession} />
      )}
    </>
  );
}

function Join(props: Props & { token: string; invitation: InvitationPreview }) {
  const { token, invitation, onSession } = props;
  const join = async ({ name, password }: NewAccount) => {
    const account = await register({ token, name, password });
    const where = account.tenant_id ? { tenant_id: account.tenant_id } : {};
    await onSession(await requestSession({ email: account.email, password, ...where }));
  };
  const verb = `Join ${invitation.tenant_name}`;
  return <AccountForm email={invitation.email} verb={verb} busyVerb="Joining" onAccount={join} />;
}
