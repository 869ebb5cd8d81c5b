import { useState } from 'react';
import type { Tenant } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { plural } from '../../../ui/plural';
import { Moment } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { deleteTenant, moveTenant, restoreTenant, resumeTenant, suspendTenant } from '../tenants/tenantsApi';
import { ExportButton } from './ExportButton';
import { useTenantRefresh } from './useTenantRefresh';

type Open = 'suspend' | 'resume' | 'delete' | 'restore' | 'move';

const PAYING = new Set(['trialing', 'active', 'grace', 'overdue', 'paused']);

/** What changes a tenant's life: each with its effect in words before it happens. */
export function LifePanel({ tenant }: { tenant: Tenant }) {
  const [open, setOpen] = useState<Open | null>(null);
  const refresh = useTenantRefresh(tenant.tenant_id);
  // The numbers in the question are those of this moment, however long the page has been open.
  const ask = (what: Open) => {
    setOpen(what);
    void refresh();
  };
  const close = () => setOpen(null);
  const done = (said: string) => async () => {
    await refresh();
    tell(said);
  };
  const { state } = tenant;
  const isRunning = state === 'active' || state === 'suspended';
  const people =
    tenant.users === null || tenant.users === undefined
      ? 'Its people'
      : plural(tenant.users, 'person', 'people');
  const pays = PAYING.has(tenant.standing ?? 'none');
  const elsewhere = tenant.placement === 'shared' ? 'dedicated' : 'shared';
  return (
    <section className="panel control-panel life" aria-label="Suspend, move, delete">
      {state === 'active' && (
        <Choice
          title="Suspend"
          about="Reads stay. Writes are refused, and what senders post is kept and not processed."
        >
          <button type="button" className="btn" onClick={() => ask('suspend')}>
            Suspend {tenant.name}
          </button>
        </Choice>
      )}
      {state === 'suspended' && (
        <Choice
          title="Resume"
          about="Writes are allowed again, and what senders posted meanwhile is processed in its order."
        >
          <button type="button" className="btn primary" onClick={() => ask('resume')}>
            Resume {tenant.name}
          </button>
        </Choice>
      )}
      {state !== 'gone' && (
        <Choice
          title="Export"
          about="One archive with everything of this tenant; another installation can import it."
        >
          <ExportButton tenant={tenant} />
        </Choice>
      )}
      {isRunning && (
        <Choice
          title="Move"
          about={
            elsewhere === 'dedicated'
              ? 'Into a plane of its own. Writes wait for some seconds; no accepted alert is lost.'
              : 'Back into a shared cell. Writes wait for some seconds; no accepted alert is lost.'
          }
        >
          <button type="button" className="btn" onClick={() => ask('move')}>
            Move {tenant.name}
          </button>
        </Choice>
      )}
      {isRunning && (
        <Choice
          title="Delete"
          about="Suspended at once, removed with all its data after the grace period; until then it can be restored."
        >
          <button type="button" className="btn danger" onClick={() => ask('delete')}>
            Delete {tenant.name}
          </button>
        </Choice>
      )}
      {state === 'deleting' && tenant.delete_after && (
        <Choice
          title="Restore"
          about={
            <>
              Everything is removed for good after <Moment at={tenant.delete_after} />; until then it can be
              restored.
            </>
          }
        >
          <button type="button" className="btn primary" onClick={() => ask('restore')}>
            Restore {tenant.name}
          </button>
        </Choice>
      )}
      {state === 'gone' && (
        <p className="usage-note hint">
          It is gone with all its data. Its id is never given to anybody again.
        </p>
      )}
      {open === 'suspend' && (
        <ConfirmDialog
          title={`Suspend ${tenant.name}`}
          verb={`Suspend ${tenant.name}`}
          typed={tenant.tenant_id}
          reason={{ label: "Reason (the tenant's admins see it)", required: true }}
          act={(reason) => suspendTenant(tenant.tenant_id, reason).then(done(`${tenant.name} is suspended`))}
          onClose={close}
        >
          <p>
            {people} can read but change nothing. What senders post is kept and processed after a resume;
            nobody is paged meanwhile.
          </p>
        </ConfirmDialog>
      )}
      {open === 'resume' && (
        <ConfirmDialog
          title={`Resume ${tenant.name}`}
          verb={`Resume ${tenant.name}`}
          reason={{ label: 'Reason', required: false }}
          act={(reason) => resumeTenant(tenant.tenant_id, reason).then(done(`${tenant.name} is active`))}
          onClose={close}
        >
          <p>What was kept meanwhile is processed now, and may page people.</p>
        </ConfirmDialog>
      )}
      {open === 'move' && (
        <ConfirmDialog
          title={`Move ${tenant.name}`}
          verb={`Move ${tenant.name}`}
          reason={{ label: 'Reason', required: false }}
          act={(reason) => moveTenant(tenant.tenant_id, elsewhere, reason).then(done('The move has begun'))}
          onClose={close}
        >
          <p>
            {elsewhere === 'dedicated' ? 'To a plane of its own' : 'To a shared cell'}. While data is copied,
            writes and senders are asked to try again. Its operation shows each step and can be rolled back
            until the switch.
          </p>
        </ConfirmDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog
          title={`Delete ${tenant.name}`}
          verb={`Delete ${tenant.name}`}
          typed={tenant.tenant_id}
          act={() => deleteTenant(tenant.tenant_id).then(done(`${tenant.name} is being deleted`))}
          onClose={close}
        >
          <p>
            {people} {tenant.users === 1 ? 'loses' : 'lose'} the right to change anything at once.{' '}
            {(tenant.events_this_month ?? 0).toLocaleString('en')} events of this month and everything before
            are removed for good after the grace period. Its id is never given to anybody again.
          </p>
          {pays && (
            <p>
              Its subscription is paused, so that nothing is charged meanwhile, and cancelled at the end.
              Restoring the tenant resumes it.
            </p>
          )}
        </ConfirmDialog>
      )}
      {open === 'restore' && (
        <ConfirmDialog
          title={`Restore ${tenant.name}`}
          verb={`Restore ${tenant.name}`}
          act={() => restoreTenant(tenant.tenant_id).then(done(`${tenant.name} is back`))}
          onClose={close}
        >
          <p>
            The deletion ends here, and the tenant is again what it was before.
            {pays && ' Its subscription goes on and is charged again with its next period.'}
          </p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function Choice(props: { title: string; about: React.ReactNode; children: React.ReactNode }) {
  return (
    <div className="life-row">
      <div>
        <h2>{props.title}</h2>
        <p className="hint">{props.about}</p>
      </div>
      {props.children}
    </div>
  );
}
