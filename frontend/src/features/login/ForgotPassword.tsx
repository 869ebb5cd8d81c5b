import { type SubmitEvent, useId, useState } from 'react';
import { Problem } from '../../ui/Problem';
import { useAction } from '../../ui/useAction';
import { requestReset } from './signIn';

/** Says the same whether there is such an account or not. */
export function ForgotPassword() {
  const [email, setEmail] = useState('');
  const [asked, setAsked] = useState(false);
  const action = useAction();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await action.run(() => requestReset(email.trim()))) {
      setAsked(true);
    }
  };
  if (asked) {
    return (
      <>
        <p role="status">
          If there is an account for {email.trim()}, a mail with a link is on its way. The link works for one
          hour.
        </p>
        <p className="hint">No mail? Your tenant's admin can invite you again.</p>
        <a href="/login">Back to sign in</a>
      </>
    );
  }
  return (
    <form className="login-form" onSubmit={submit}>
      <div className="field">
        <label htmlFor={id}>Email</label>
        <input
          id={id}
          className="input"
          type="email"
          autoComplete="username"
          required
          // biome-ignore lint/a11y/noAutofocus: the page has one purpose, and this is where it starts
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </div>
      <Problem what="Nothing was sent" problem={action.problem} />
      <button type="submit" className="btn primary" aria-disabled={action.busy}>
        Send a link
      </button>
      <a href="/login">Back to sign in</a>
    </form>
  );
}
