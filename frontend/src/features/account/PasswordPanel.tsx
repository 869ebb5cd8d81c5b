import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { Problem } from '../../ui/Problem';
import { plural } from '../../ui/plural';
import { tell } from '../../ui/toasts';
import { useAction } from '../../ui/useAction';
import { PasswordField } from '../login/PasswordField';
import { changePassword } from './accountApi';

export function PasswordPanel() {
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await action.run(async () => {
      const { sessions_ended } = await changePassword({ old_password: before, new_password: after });
      tell(
        sessions_ended === 0
          ? 'Your new password counts'
          : `Your new password counts, and ${plural(sessions_ended, 'other session')} ended`,
      );
      await client.invalidateQueries({ queryKey: ['sessions'] });
    });
    if (done) {
      setBefore('');
      setAfter('');
    }
  };
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>Password</h2>
      <form onSubmit={submit}>
        <PasswordField label="Present password" value={before} onChange={setBefore} />
        <PasswordField label="New password" isNew value={after} onChange={setAfter} />
        <p className="hint">Your other sessions end; this one goes on.</p>
        <Problem what="The password was not changed" problem={action.problem} />
        <div className="row">
          <button
            type="submit"
            className="btn primary"
            aria-disabled={action.busy || before === '' || after.length < 8}
          >
            Change password
          </button>
        </div>
      </form>
    </section>
  );
}
