import { type KeyboardEvent, type Ref, useId, useState } from 'react';

type Props = {
  label?: string;
  value: string;
  isNew?: boolean;
  autoFocus?: boolean;
  fieldRef?: Ref<HTMLInputElement>;
  onChange: (value: string) => void;
};

/** A password that can be looked at, and that says when Caps Lock is on. */
export function PasswordField(props: Props) {
  const { label = 'Password', value, isNew = false, autoFocus = false, fieldRef, onChange } = props;
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const id = useId();
  const watchCapsLock = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'));
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="login-password">
        <input
          ref={fieldRef}
          id={id}
          className="input"
          type={shown ? 'text' : 'password'}
          name={isNew ? 'new-password' : 'password'}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          // biome-ignore lint/a11y/noAutofocus: the email is known, so the password is what is missing
          autoFocus={autoFocus}
          data-focus={autoFocus}
          value={value}
          aria-describedby={capsLock ? `${id}-caps` : undefined}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={watchCapsLock}
          onKeyUp={watchCapsLock}
          onBlur={() => setCapsLock(false)}
        />
        <button type="button" className="btn" aria-pressed={shown} onClick={() => setShown(!shown)}>
          Show password
        </button>
      </div>
      {isNew && <p className="hint">At least eight characters.</p>}
      {capsLock && (
        <p id={`${id}-caps`} className="warn" role="status">
          Caps Lock is on.
        </p>
      )}
    </div>
  );
}
