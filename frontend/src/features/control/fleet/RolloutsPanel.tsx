import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { get, post } from '../../../api/client';
import type { Page, Rollout } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { useAction } from '../../../ui/useAction';
import { RolloutTenants } from './RolloutTenants';

const TONES: Record<string, 'ok' | 'warn' | 'bad' | 'off'> = {
  running: 'warn',
  stopped: 'bad',
  done: 'ok',
  cancelled: 'off',
};
const LOOK_MS = 5_000;

/** A new version for the dedicated planes: one canary, then tenths; a plane that does not become ready stops it. */
export function RolloutsPanel() {
  const [starting, setStarting] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['rollouts'],
    queryFn: ({ signal }) => get<Page<Rollout>>('/api/tenants/rollouts', { limit: 20 }, signal),
    refetchInterval: (query) =>
      query.state.data?.items.some((rollout) => rollout.state === 'running') ? LOOK_MS : false,
  });
  return (
    <section className="panel control-panel" aria-labelledby="rollouts-title">
      <div className="panel-title row">
        <h2 id="rollouts-title">Rollouts</h2>
        <button type="button" className="btn push" onClick={() => setStarting(true)}>
          Start rollout
        </button>
      </div>
      {isPending && (
        <Loading label="rollouts">
          <SkeletonRows rows={2} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Rollouts" error={error} onRetry={refetch} />}
      {data?.items.length === 0 && (
        <Empty title="No rollout yet">
          A version reaches one canary tenant first, then tenths of the others.
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <ol className="operations">
          {data.items.map((rollout) => (
            <RolloutRow key={rollout.id} rollout={rollout} />
          ))}
        </ol>
      )}
      {starting && <StartDialog onClose={() => setStarting(false)} />}
    </section>
  );
}

function RolloutRow({ rollout }: { rollout: Rollout }) {
  const action = useAction();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const act = (verb: 'resume' | 'cancel') =>
    void action.run(async () => {
      await post(`/api/tenants/rollouts/${rollout.id}/${verb}`);
      await client.invalidateQueries({ queryKey: ['rollouts'] });
    });
  const { done = 0, failed = 0, rolling = 0, waiting = 0 } = rollout.tenants ?? {};
  return (
    <li>
      <div className="operation-head">
        <b className="mono">{rollout.version}</b>
        <Tag tone={TONES[rollout.state] ?? 'off'}>{rollout.state}</Tag>
        <span className="num">
          wave {rollout.wave} of {rollout.waves}: {plural(done, 'tenant')} done, {rolling} under way,{' '}
          {waiting} waiting
          {failed > 0 && `, ${failed} failed`}
        </span>
        <span className="hint">
          by <bdi>{rollout.started_by}</bdi>, <Moment at={rollout.created_at} />
        </span>
        <span className="push row">
          <button type="button" className="btn ghost" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? 'Hide' : 'Show'} tenants <span className="visually-hidden">of {rollout.version}</span>
          </button>
          {rollout.state === 'stopped' && (
            <button type="button" className="btn" aria-disabled={action.busy} onClick={() => act('resume')}>
              Resume {rollout.version}
            </button>
          )}
          {(rollout.state === 'stopped' || rollout.state === 'running') && (
            <button type="button" className="btn" aria-disabled={action.busy} onClick={() => act('cancel')}>
              Cancel {rollout.version}
            </button>
          )}
        </span>
      </div>
      {rollout.reason && <p className="bad">{rollout.reason}</p>}
      <Problem what="Nothing was changed" problem={action.problem} />
      {open && <RolloutTenants rollout={rollout} />}
    </li>
  );
}

function StartDialog({ onClose }: { onClose: () => void }) {
  const [version, setVersion] = useState('');
  const [canary, setCanary] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const started = await action.run(async () => {
      const wanted = { version: version.trim(), ...(canary.trim() ? { canary: canary.trim() } : {}) };
      await post('/api/tenants/rollouts', wanted);
      await client.invalidateQueries({ queryKey: ['rollouts'] });
    });
    if (started) {
      onClose();
    }
  };
  return (
    <Dialog title="Start rollout" onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-version`}>Version (the image's tag)</label>
          <input
            id={`${id}-version`}
            className="input mono"
            required
            value={version}
            onChange={(event) => setVersion(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-canary`}>Canary tenant (empty: the first by id)</label>
          <input
            id={`${id}-canary`}
            className="input mono"
            value={canary}
            onChange={(event) => setCanary(event.target.value)}
          />
        </div>
        <p className="hint">Shared cells are upgraded with the installation, not by a rollout.</p>
        <Problem what="No rollout was started" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            Start rollout
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
