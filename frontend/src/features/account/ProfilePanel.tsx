import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { User } from '../../api/types';
import { Problem } from '../../ui/Problem';
import { tell } from '../../ui/toasts';
import { useAction } from '../../ui/useAction';
import { saveProfile } from './accountApi';

export function ProfilePanel({ profile }: { profile: User }) {
  const [name, setName] = useState(profile.name);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const saved = await action.run(async () => {
      client.setQueryData(['profile'], await saveProfile({ name: name.trim() }));
    });
    if (saved) {
      tell(`You are now called ${name.trim()}`);
    }
  };
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>Profile</h2>
      <form onSubmit={submit}>
        <div className="field">
          <span className="label">Email</span>
          <span>{profile.email}</span>
        </div>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            className="input"
            autoComplete="name"
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Problem what="The name was not saved" problem={action.problem} />
        <div className="row">
          <button
            type="submit"
            className="btn primary"
            aria-disabled={action.busy || name.trim() === profile.name}
          >
            Save name
          </button>
        </div>
      </form>
    </section>
  );
}
