import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId } from 'react';
import type { User } from '../../api/types';
import { useDraft } from '../../app/drafts';
import { Problem } from '../../ui/Problem';
import { tell } from '../../ui/toasts';
import { Unsaved } from '../../ui/Unsaved';
import { useAction } from '../../ui/useAction';
import { saveProfile } from './accountApi';

const NAMES = { name: 'name' };

export function ProfilePanel({ profile }: { profile: User }) {
  const saved = { name: profile.name };
  const { draft, change, discard, unsaved } = useDraft('/settings/account', profile.name, saved, NAMES);
  const name = draft.name.trim();
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const isSaved = await action.run(async () => {
      client.setQueryData(['profile'], await saveProfile({ name }));
    });
    if (isSaved) {
      discard();
      tell(`You are now called ${name}`);
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
            value={draft.name}
            onChange={(event) => change({ name: event.target.value })}
          />
        </div>
        <Problem what="The name was not saved" problem={action.problem} />
        <Unsaved names={unsaved} onDiscard={discard} />
        <div className="row">
          <button
            type="submit"
            className="btn primary"
            aria-disabled={action.busy || name === '' || name === profile.name}
          >
            Save name
          </button>
        </div>
      </form>
    </section>
  );
}
