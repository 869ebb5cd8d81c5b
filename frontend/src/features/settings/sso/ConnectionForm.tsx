import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { Sso } from '../../../api/types';
import { useDraft } from '../../../app/drafts';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { Unsaved } from '../../../ui/Unsaved';
import { useAction } from '../../../ui/useAction';
import { useMembers } from '../people/useMembers';
import { CheckResult } from './CheckResult';
import { type Draft, draftOf, NAMES, wantedOf, wrongLines } from './draft';
import { Facts } from './Facts';
import { removeConnection, saveConnection } from './ssoApi';

const TEXTS: readonly {
  name: 'issuer' | 'client_id' | 'display_name' | 'domains';
  label: string;
  hint: string;
}[] = [
  { name: 'display_name', label: 'Name on the sign-in page', hint: 'Acme login' },
  { name: 'issuer', label: 'Issuer', hint: 'https://login.acme.example' },
  { name: 'client_id', label: 'Client id', hint: 'opsplane' },
  { name: 'domains', label: 'Email domains', hint: 'acme.example, acme.test' },
];
const CHOICES: readonly {
  name: 'create_users' | 'is_email_trusted' | 'is_enforced';
  label: string;
  hint: string;
}[] = [
  {
    name: 'create_users',
    label: 'Make accounts',
    hint: 'Whoever the provider lets in becomes a member; otherwise people are invited first.',
  },
  {
    name: 'is_email_trusted',
    label: 'Trust the address without email_verified',
    hint: 'Microsoft Entra does not send that claim.',
  },
  {
    name: 'is_enforced',
    label: 'No passwords',
    hint: 'Members of these domains sign in here only through the provider.',
  },
];

export function ConnectionForm({ sso }: { sso: Sso }) {
  const { connection } = sso;
  const saved = draftOf(connection);
  const { draft, change: set, discard, unsaved } = useDraft('/settings/sign-on', sso.version, saved, NAMES);
  const [removing, setRemoving] = useState(false);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const admins = useMembers().filter((person) => person.role === 'admin');
  const wrong = wrongLines(draft.mapping);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong.length > 0) {
      return;
    }
    const isSaved = await action.run(async () => {
      await saveConnection(wantedOf(draft));
      await client.invalidateQueries({ queryKey: ['sso'] });
    });
    if (isSaved) {
      discard();
      tell(`Saved: ${unsaved.join(', ') || 'nothing was changed'}`);
    }
  };
  return (
    <section className="panel sso-panel" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>OpenID Connect</h2>
      <Facts sso={sso} />
      <form onSubmit={submit}>
        {TEXTS.map(({ name, label, hint }) => (
          <div className="field" key={name}>
            <label htmlFor={`${id}-${name}`}>{label}</label>
            <input
              id={`${id}-${name}`}
              className="input"
              required
              placeholder={hint}
              value={draft[name]}
              onChange={(event) => set({ [name]: event.target.value })}
            />
          </div>
        ))}
        <div className="field">
          <label htmlFor={`${id}-secret`}>Client secret</label>
          <input
            id={`${id}-secret`}
            className="input"
            type="password"
            autoComplete="off"
            placeholder={connection?.has_client_secret ? 'the stored one stays' : ''}
            value={draft.client_secret}
            onChange={(event) => set({ client_secret: event.target.value })}
          />
        </div>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-claim`}>Claim with the groups</label>
            <input
              id={`${id}-claim`}
              className="input mono"
              value={draft.group_claim}
              onChange={(event) => set({ group_claim: event.target.value })}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-default`}>Role without a group</label>
            <select
              id={`${id}-default`}
              className="input"
              value={draft.default_role}
              onChange={(event) => set({ default_role: event.target.value as Draft['default_role'] })}
            >
              <option value="">no access</option>
              <option>viewer</option>
              <option>operator</option>
              <option>admin</option>
            </select>
          </div>
        </div>
        <div className="field">
          <label htmlFor={`${id}-mapping`}>Groups and roles, one line each</label>
          <textarea
            id={`${id}-mapping`}
            className="input mono"
            placeholder="sre = operator"
            value={draft.mapping}
            aria-invalid={wrong.length > 0}
            aria-describedby={wrong.length > 0 ? `${id}-wrong` : undefined}
            onChange={(event) => set({ mapping: event.target.value })}
          />
          {wrong.length > 0 && (
            <p id={`${id}-wrong`} className="bad" role="status">
              No role of ours: {wrong.join('; ')}
            </p>
          )}
        </div>
        {CHOICES.map(({ name, label, hint }) => (
          <label className="choice" key={name}>
            <input
              type="checkbox"
              checked={draft[name]}
              onChange={(event) => set({ [name]: event.target.checked })}
            />
            {label}
            <span className="hint">{hint}</span>
          </label>
        ))}
        {draft.is_enforced && (
          <fieldset className="sso-choices">
            <legend>Who keeps a password, for the day the provider is down</legend>
            {admins.map((person) => (
              <label className="choice" key={person.id}>
                <input
                  type="checkbox"
                  checked={draft.break_glass_user_ids.includes(person.id)}
                  onChange={(event) =>
                    set({
                      break_glass_user_ids: event.target.checked
                        ? [...draft.break_glass_user_ids, person.id]
                        : draft.break_glass_user_ids.filter((known) => known !== person.id),
                    })
                  }
                />
                {person.name}
                <span className="hint">{person.email}</span>
              </label>
            ))}
            <p className="hint">
              Should nobody of them be able to sign in either: a super-admin of this installation can
              disconnect the provider.
            </p>
          </fieldset>
        )}
        <Problem what="The connection was not saved" problem={action.problem} />
        <Unsaved names={unsaved} onDiscard={discard} />
        <div className="row">
          <button type="submit" className="btn primary" aria-disabled={action.busy || wrong.length > 0}>
            Save connection
          </button>
          {connection && (
            <button type="button" className="btn danger push" onClick={() => setRemoving(true)}>
              Disconnect
            </button>
          )}
        </div>
      </form>
      {connection && <CheckResult />}
      {removing && connection && (
        <ConfirmDialog
          title={`Disconnect ${connection.display_name}`}
          verb={`Disconnect ${connection.display_name}`}
          typed={connection.display_name}
          act={async () => {
            await removeConnection();
            discard();
            await client.invalidateQueries({ queryKey: ['sso'] });
          }}
          onClose={() => setRemoving(false)}
        >
          <p>
            Sessions that came through it end. Members sign in with their passwords again; who has none asks
            for a link on the sign-in page.
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}
