import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { newKey } from '../../../api/client';
import type { InvitedAll } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { invitationsOf, invite, type Role } from './peopleApi';
import { addresses, ROLES } from './roles';

type Props = {
  onClose: () => void;
  /** Into another tenant than one's own, as its operators do. */
  tenantId?: string;
  /** Who is likely meant. */
  email?: string;
  likelyRole?: Role;
};

export function InviteDialog({ onClose, tenantId, email = '', likelyRole = 'operator' }: Props) {
  const [text, setText] = useState(email);
  const [role, setRole] = useState<Role>(likelyRole);
  const [answer, setAnswer] = useState<InvitedAll | null>(null);
  const [key] = useState(newKey);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const emails = addresses(text);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (emails.length === 0) {
      return;
    }
    await action.run(async () => {
      setAnswer(await invite(emails, role, key, tenantId));
      await client.invalidateQueries({ queryKey: invitationsOf(tenantId) });
    });
  };
  if (answer) {
    return (
      <Dialog title="Invited" onClose={onClose} width={560}>
        <InvitedList items={answer.items} />
        <DialogActions>
          <button type="button" className="btn primary" onClick={onClose}>
            Done
          </button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <Dialog title="Invite people" onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-emails`}>Email addresses</label>
          <textarea
            id={`${id}-emails`}
            className="input"
            required
            placeholder="One or many, with commas or lines between them"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-role`}>Role</label>
          <select
            id={`${id}-role`}
            className="input"
            value={role}
            onChange={(event) => setRole(event.target.value as Role)}
          >
            {ROLES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </select>
        </div>
        <Problem what="Nobody was invited" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy || emails.length === 0}>
            Invite {emails.length === 0 ? 'people' : plural(emails.length, 'person', 'people')}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const OUTCOMES = {
  invited: 'is invited',
  already_invited: 'was invited before; resend it from the list of open invitations',
  already_member: 'is a member already',
} as const;

/** What became of each address; where no mail goes out, with the link, this once. */
export function InvitedList({ items }: { items: InvitedAll['items'] }) {
  const hasLinks = items.some((item) => item.link !== null);
  return (
    <>
      {hasLinks && (
        <p role="status">
          {items.length === 1
            ? 'No mail went out: hand this link over yourself. It works once, and is shown only now.'
            : 'No mail went out: hand these links over yourself. Each works once, and is shown only now.'}
        </p>
      )}
      <ul className="invited">
        {items.map((item) => (
          <li key={item.email}>
            <b>{item.email}</b> {OUTCOMES[item.outcome]}
            {item.is_mailed && ', and a mail is on its way'}
            {item.outcome === 'invited' && !item.is_mailed && !item.link && (
              <span className="bad">, but the mail could not be sent: resend it later</span>
            )}
            {item.link && <Link url={item.link} email={item.email} />}
          </li>
        ))}
      </ul>
    </>
  );
}

function Link({ url, email }: { url: string; email: string }) {
  const copy = async () => {
    await navigator.clipboard.writeText(url);
    tell(`The link for ${email} is on the clipboard`);
  };
  return (
    <div className="row">
      <span className="mono link-text">{url}</span>
      <button
        type="button"
        className="btn"
        aria-label={`Copy the link for ${email}`}
        onClick={() => void copy()}
      >
        Copy
      </button>
    </div>
  );
}
