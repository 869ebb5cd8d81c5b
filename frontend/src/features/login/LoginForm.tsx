import './login.css';
import { type KeyboardEvent, type SubmitEvent, useId, useRef, useState } from 'react';
import { asApiError } from '../../api/errors';
import type { Session } from '../../api/types';
import { loginProblem, type Realm, requestSession } from './signIn';

type Props = {
  realm: Realm;
  /** Prefills the email, and asks for that tenant: signing in again over a page keeps both. */
  email?: string;
  tenantId?: string | null;
  onSession: (session: Session, used: { email: string; password: string }) => Promise<void>;
};

export function LoginForm({ realm, email: knownEmail = '', tenantId, onSession }: Props) {
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState('');
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);
  const id = useId();

  const watchCapsLock = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'));

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) {
      return;
    }
    setBusy(true);
    setProblem('');
    const used = { email: email.trim(), password };
    try {
      const session = await requestSession(tenantId ? { ...used, tenant_id: tenantId } : used);
      const isOperator = session.user.role === 'super_admin';
      if (isOperator !== (realm === 'control')) {
        setProblem(realm === 'control' ? 'Email or password is wrong.' : 'This account has no tenant here.');
        return;
      }
      await onSession(session, used);
    } catch (error) {
      setProblem(loginProblem(asApiError(error)));
      passwordField.current?.select();
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="login-form"
      onSubmit={submit}
      noValidate
      aria-describedby={problem ? `${id}-problem` : undefined}
    >
      <div className="field">
        <label htmlFor={`${id}-email`}>Email</label>
        <input
          id={`${id}-email`}
          className="input"
          type="email"
          name="username"
          autoComplete="username"
          // biome-ignore lint/a11y/noAutofocus: the page has one purpose, and this is where it starts
          autoFocus={!knownEmail}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-password`}>Password</label>
        <div className="login-password">
          <input
            ref={passwordField}
            id={`${id}-password`}
            className="input"
            type={shown ? 'text' : 'password'}
            name="password"
            autoComplete="current-password"
            // biome-ignore lint/a11y/noAutofocus: the email is known, so the password is what is missing
            autoFocus={Boolean(knownEmail)}
            data-focus={Boolean(knownEmail)}
            value={password}
            aria-describedby={capsLock ? `${id}-caps` : undefined}
            onChange={(event) => setPassword(event.target.value)}
            onKeyDown={watchCapsLock}
            onKeyUp={watchCapsLock}
            onBlur={() => setCapsLock(false)}
          />
          <button type="button" className="btn" aria-pressed={shown} onClick={() => setShown(!shown)}>
            Show password
          </button>
        </div>
        {capsLock && (
          <p id={`${id}-caps`} className="warn" role="status">
            Caps Lock is on.
          </p>
        )}
      </div>
      {problem && (
        <p id={`${id}-problem`} className="login-notice" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" className="btn primary" aria-disabled={busy}>
        {busy ? 'Signing in' : 'Sign in'}
      </button>
    </form>
  );
}
