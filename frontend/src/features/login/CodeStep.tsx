import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';

type Props = { busy: boolean; problem: string; onCode: (code: string) => void; onBack: () => void };

const DIGITS = /^\d{6}$/;

/** The second factor: one field, sent at the sixth digit. A recovery code is longer and is sent with Enter. */
export function CodeStep({ busy, problem, onCode, onBack }: Props) {
  const [code, setCode] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  useEffect(() => {
    if (problem) {
      field.current?.select();
    }
  }, [problem]);
  const change = (text: string) => {
    const typed = text.replace(/\s/g, '');
    setCode(typed);
    if (DIGITS.test(typed) && !busy) {
      onCode(typed);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (code !== '' && !busy) {
      onCode(code);
    }
  };
  return (
    <form className="login-form" onSubmit={submit} noValidate>
      <div className="field">
        <label htmlFor={id}>Code of your authenticator app</label>
        <input
          ref={field}
          id={id}
          className="input mono"
          name="otp"
          inputMode="numeric"
          autoComplete="one-time-code"
          // biome-ignore lint/a11y/noAutofocus: the password was right, so the code is what is missing
          autoFocus
          value={code}
          aria-describedby={problem ? `${id}-problem` : `${id}-hint`}
          onChange={(event) => change(event.target.value)}
        />
        <p id={`${id}-hint`} className="hint">
          Six digits. Without your phone, type one of your recovery codes.
        </p>
      </div>
      {problem && (
        <p id={`${id}-problem`} className="login-notice" role="alert">
          {problem}
        </p>
      )}
      <button type="submit" className="btn primary" aria-disabled={busy || code === ''}>
        {busy ? 'Checking' : 'Continue'}
      </button>
      <button type="button" className="link" onClick={onBack}>
        Use another account
      </button>
    </form>
  );
}
