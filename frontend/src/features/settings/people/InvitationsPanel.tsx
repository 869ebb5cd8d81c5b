import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { InvitationRead, InvitedAll } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { Failed } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { InvitedList } from './InviteDialog';
import { fetchInvitations, invitationsOf, resendInvitation, revokeInvitation } from './peopleApi';

/** Who was invited and has not come yet; absent when there is nobody. */
export function InvitationsPanel({ tenantId }: { tenantId?: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: invitationsOf(tenantId),
    queryFn: ({ signal }) => fetchInvitations(signal, tenantId),
  });
  if (error && !data) {
    return <Failed what="Invitations" error={error} onRetry={refetch} />;
  }
  if (!data || data.items.length === 0) {
    return null;
  }
  return (
    <section className="panel people-panel" aria-labelledby="invitations-title">
      <h2 id="invitations-title">Open invitations</h2>
      <ul className="people">
        {data.items.map((invitation) => (
          <Row key={invitation.id} invitation={invitation} tenantId={tenantId} />
        ))}
      </ul>
    </section>
  );
}

function Row({ invitation, tenantId }: { invitation: InvitationRead; tenantId?: string }) {
  const [sent, setSent] = useState<InvitedAll['items'][number] | null>(null);
  const action = useAction();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: invitationsOf(tenantId) });
  const resend = () =>
    void action.run(async () => {
      setSent(await resendInvitation(invitation.id, tenantId));
      await refresh();
    });
  const revoke = () =>
    void action.run(async () => {
      await revokeInvitation(invitation.id, tenantId);
      tell(`The invitation of ${invitation.email} does not count any more`);
      await refresh();
    });
  return (
    <li>
      <span className="who">
        <b>{invitation.email}</b>
        <span className="hint">as {invitation.role}</span>
      </span>
      <span className="what hint">
        {invitation.is_expired ? 'expired ' : 'until '}
        <Moment at={invitation.expires_at} />, by {invitation.invited_by}
      </span>
      <span className="acts">
        <button
          type="button"
          className="btn"
          aria-label={`Resend to ${invitation.email}`}
          aria-disabled={action.busy}
          onClick={resend}
        >
          Resend
        </button>
        <button
          type="button"
          className="btn"
          aria-label={`Revoke the invitation of ${invitation.email}`}
          aria-disabled={action.busy}
          onClick={revoke}
        >
          Revoke
        </button>
      </span>
      <Problem what="Nothing was changed" problem={action.problem} />
      {sent && (
        <Dialog title="Invited again" onClose={() => setSent(null)} width={560}>
          <InvitedList items={[sent]} />
          <DialogActions>
            <button type="button" className="btn primary" onClick={() => setSent(null)}>
              Done
            </button>
          </DialogActions>
        </Dialog>
      )}
    </li>
  );
}
