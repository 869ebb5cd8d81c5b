import { type SubmitEvent, useState } from 'react';
import { Problem } from '../../ui/Problem';
import { useAction } from '../../ui/useAction';
import { hashToken } from './hashToken';
import { PasswordField } from './PasswordField';
import { setPassword } from './signIn';

export function ResetPassword() {
  const [token] = useState(() => hashToken());
  const [password, setTyped] = useState('');
  const [done, setDone] = useState(false);
  const action = useAction();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(await action.run(() => setPassword(token, password)));
  };
  if (done) {
    return (
      <>
        <p role="status">Your new password counts. All your sessions have ended.</p>
        <a className="btn primary" href="/login">
          Sign in
        </a>
      </>
    );
  }
  return (
    <form className="login-form" onSubmit={submit}>
      <PasswordField label="New password" isNew autoFocus value={password} onChange={setTyped} />
      <Problem what="The password was not changed" problem={action.problem} />
      <button type="submit" className="btn primary" aria-disabled={action.busy || password.length < 8}>
        Set password
      </button>
      <a href="/login/forgot">Ask for another link</a>
    </form>
  );
}
