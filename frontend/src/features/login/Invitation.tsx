import { type SubmitEvent, useEffect, useId, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { InvitationPreview, Session } from '../../api/types';
import { Problem } from '../../ui/Problem';
import { useAction } from '../../ui/useAction';
import { hashToken } from './hashToken';
import { LoginForm } from './LoginForm';
import { PasswordField } from './PasswordField';
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
        <NewAccount token={token} invitation={found} onSession={onSession} />
      )}
    </>
  );
}

function NewAccount(props: Props & { token: string; invitation: InvitationPreview }) {
  const { token, invitation, onSession } = props;
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const action = useAction();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    await action.run(async () => {
      const account = await register({ token, name: name.trim(), password });
      const where = account.tenant_id ? { tenant_id: account.tenant_id } : {};
      await onSession(await requestSession({ email: account.email, password, ...where }));
    });
  };
  return (
    <form className="login-form" onSubmit={submit}>
      <div className="field">
        <label htmlFor={`${id}-email`}>Email</label>
        <input
          id={`${id}-email`}
          className="input"
          name="username"
          autoComplete="username"
          readOnly
          value={invitation.email}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-name`}>Your name</label>
        <input
          id={`${id}-name`}
          className="input"
          autoComplete="name"
          required
          maxLength={200}
          // biome-ignore lint/a11y/noAutofocus: the address is known, so the name is what is missing
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <PasswordField isNew value={password} onChange={setPassword} />
      <Problem what="The account was not made" problem={action.problem} />
      <button type="submit" className="btn primary" aria-disabled={action.busy || password.length < 8}>
        {action.busy ? 'Joining' : `Join ${invitation.tenant_name}`}
      </button>
    </form>
  );
}
