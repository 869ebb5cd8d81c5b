import { type SubmitEvent, useId, useState } from 'react';
import { Problem } from '../../ui/Problem';
import { useAction } from '../../ui/useAction';
import { PasswordField } from './PasswordField';

export type NewAccount = { email: string; name: string; password: string };

type Props = {
  /** The address that an invitation is for; absent where it can be chosen. */
  email?: string;
  verb: string;
  busyVerb: string;
  onAccount: (account: NewAccount) => Promise<unknown>;
};

export function AccountForm({ email: known, verb, busyVerb, onAccount }: Props) {
  const [email, setEmail] = useState(known ?? '');
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const action = useAction();
  const id = useId();
  const isWhole = email.trim() !== '' && name.trim() !== '' && password.length >= 8;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (isWhole) {
      await action.run(() => onAccount({ email: email.trim(), name: name.trim(), password }));
    }
  };
  return (
    <form className="login-form" onSubmit={submit}>
      <div className="field">
        <label htmlFor={`${id}-email`}>Email</label>
        <input
          id={`${id}-email`}
          className="input"
          type="email"
          name="username"
          autoComplete="username"
          required
          // biome-ignore lint/a11y/noAutofocus: the page has one purpose, and this is where it starts
          autoFocus={known === undefined}
          readOnly={known !== undefined}
          value={email}
          onChange={(event) => setEmail(event.target.value)}
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
          autoFocus={known !== undefined}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <PasswordField isNew value={password} onChange={setPassword} />
      <Problem what="The account was not made" problem={action.problem} />
      <button type="submit" className="btn primary" aria-disabled={action.busy || !isWhole}>
        {action.busy ? busyVerb : verb}
      </button>
    </form>
  );
}
