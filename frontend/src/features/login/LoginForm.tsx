import './login.css';
import { type SubmitEvent, useId, useRef, useState } from 'react';
import { type ApiError, asApiError } from '../../api/errors';
import type { Session } from '../../api/types';
import { CodeStep } from './CodeStep';
import { PasswordField } from './PasswordField';
import { ProviderLinks, startUrl } from './ProviderLinks';
import { endSession, loginProblem, type Realm, requestSession } from './signIn';
import { useConnections } from './useConnections';

type Props = {
  realm: Realm;
  /** Prefills the email, and asks for that tenant: signing in again over a page keeps both. */
  email?: string;
  tenantId?: string | null;
  /** The token of an invitation, which is accepted by signing in. */
  invitation?: string;
  /** The form stands over a page that must not be left. */
  overPage?: boolean;
  onSession: (session: Session) => Promise<void>;
};

export function LoginForm(props: Props) {
  const { realm, email: knownEmail = '', tenantId, invitation, overPage = false, onSession } = props;
  const [email, setEmail] = useState(knownEmail);
  const [password, setPassword] = useState('');
  const [step, setStep] = useState<'password' | 'code'>('password');
  const [withPassword, setWithPassword] = useState(false);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);
  const connections = useConnections(email, realm === 'tenant' && !invitation);
  const usesProvider = connections.length > 0 && !withPassword;
  const id = useId();

  const fail = (error: ApiError) => {
    if (error.code === 'OTP_REQUIRED') {
      setStep('code');
      return;
    }
    setProblem(loginProblem(error));
    passwordField.current?.select();
  };

  const signIn = async (otp?: string) => {
    if (busy) {
      return;
    }
    setBusy(true);
    setProblem('');
    try {
      const session = await requestSession({
        email: email.trim(),
        password,
        ...(tenantId ? { tenant_id: tenantId } : {}),
        ...(otp ? { otp } : {}),
        ...(invitation ? { invitation } : {}),
      });
      const isOperator = session.user.role === 'super_admin';
      if (isOperator !== (realm === 'control')) {
        await endSession(session);
        setProblem(realm === 'control' ? 'Email or password is wrong.' : 'This account has no tenant here.');
        setStep('password');
        return;
      }
      await onSession(session);
    } catch (error) {
      fail(asApiError(error));
    } finally {
      setBusy(false);
    }
  };

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const provider = connections[0];
    if (usesProvider && provider) {
      window.open(startUrl(provider.start_url, overPage), overPage ? '_blank' : '_self');
    } else {
      void signIn();
    }
  };

  if (step === 'code') {
    const back = () => {
      setStep('password');
      setPassword('');
      setProblem('');
    };
    return <CodeStep busy={busy} problem={problem} onCode={(code) => void signIn(code)} onBack={back} />;
  }
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
          readOnly={Boolean(invitation)}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </div>
      {usesProvider ? (
        <ProviderLinks
          connections={connections}
          inNewTab={overPage}
          onPassword={() => setWithPassword(true)}
        />
      ) : (
        <PasswordField
          value={password}
          fieldRef={passwordField}
          autoFocus={Boolean(knownEmail) || withPassword}
          onChange={setPassword}
        />
      )}
      {problem && (
        <p id={`${id}-problem`} className="login-notice" role="alert">
          {problem}
        </p>
      )}
      {!usesProvider && (
        <button type="submit" className="btn primary" aria-disabled={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
      )}
    </form>
  );
}
