import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { ApiKey, Person } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { bulkWords, runBulk } from '../../incidents/bulk';
import { changeIncident, fetchIncidents, LIST_LIMIT } from '../../incidents/incidentsApi';
import { revokeKey } from '../keys/keysApi';
import { fetchKeysOf } from './keysOf';
import { LeaversKeys } from './LeaversKeys';
import { changePerson, removePerson } from './peopleApi';
import { useMembers } from './useMembers';

const NOBODY = '';
const WAYS = {
  deactivate: {
    verb: 'Deactivate',
    doing: 'Deactivating',
    done: 'is deactivated',
    effect:
      'Their sessions in this tenant end; an access token that is out already ends within 15 minutes. They can be activated again.',
    act: (person: Person) => changePerson(person.id, { is_active: false }),
  },
  remove: {
    verb: 'Remove',
    doing: 'Removing',
    done: 'is no member any more',
    effect:
      'They lose access to this tenant, their sessions in it end, and coming back takes a new invitation. What they wrote stays, with their name. What else they have in other tenants is not touched.',
    act: (person: Person) => removePerson(person.id),
  },
} as const;

type Props = { person: Person; way: keyof typeof WAYS; onClose: () => void };

/** Lists what the person holds, and asks who takes their incidents and which keys end, before they lose access. */
export function LeaveDialog({ person, way, onClose }: Props) {
  const { verb, doing, done, effect, act } = WAYS[way];
  const [heir, setHeir] = useState(NOBODY);
  const [revoked, setRevoked] = useState<ReadonlySet<string>>(new Set());
  const [typed, setTyped] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const held = useQuery({
    queryKey: ['held-by', person.email],
    queryFn: ({ signal }) =>
      fetchIncidents({ assignee: person.email, state: 'active', limit: LIST_LIMIT }, signal),
    gcTime: 0,
  });
  const keys = useQuery({
    queryKey: ['keys-of', person.email],
    queryFn: ({ signal }) => fetchKeysOf(person, signal),
    gcTime: 0,
  });
  const heirs = useMembers().filter(
    (other) => other.id !== person.id && other.is_active && other.role !== 'viewer',
  );
  const incidents = held.data?.items ?? [];
  const isReady = !held.isPending && !keys.isPending && (way !== 'remove' || typed === person.email);

  const handOver = async () => {
    if (heir === NOBODY || incidents.length === 0) {
      return '';
    }
    const moved = await runBulk(
      incidents,
      (incident) => changeIncident(incident.id, { assignee: heir }),
      () => undefined,
    );
    return `; incidents to ${heir}: ${bulkWords(moved)}`;
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!isReady) {
      return;
    }
    // First what may be refused, as for the last admin: a key that is revoked never comes back.
    const isDone = await action.run(async () => {
      await act(person);
      const said = `${person.name} ${done}${await handOver()}${await revoke(keys.data ?? [], revoked)}`;
      await client.invalidateQueries({ queryKey: ['people'] });
      await client.invalidateQueries({ queryKey: ['api-keys'] });
      tell(said);
    });
    if (isDone) {
      onClose();
    }
  };

  return (
    <Dialog title={`${verb} ${person.name}`} onClose={onClose} width={520}>
      <form onSubmit={submit}>
        <p>{effect}</p>
        <ul className="held" aria-label={`What ${person.name} holds`}>
          <li>
            {held.data
              ? plural(held.data.total, 'open incident')
              : `Open incidents: ${held.error ? 'could not be read' : 'looking'}`}
          </li>
          <li>
            {keys.data
              ? plural(keys.data.length, 'API key')
              : `API keys: ${keys.error ? 'could not be read' : 'looking'}`}
          </li>
        </ul>
        {incidents.length > 0 && (
          <div className="field">
            <label htmlFor={id}>Who takes the {plural(incidents.length, 'incident')}</label>
            <select id={id} className="input" value={heir} onChange={(event) => setHeir(event.target.value)}>
              <option value={NOBODY}>They stay with {person.name}</option>
              {heirs.map((other) => (
                <option key={other.id} value={other.email}>
                  {other.name} ({other.email})
                </option>
              ))}
            </select>
          </div>
        )}
        {keys.data && keys.data.length > 0 && (
          <LeaversKeys keys={keys.data} revoked={revoked} onChange={setRevoked} />
        )}
        {way === 'remove' && (
          <div className="field">
            <label htmlFor={`${id}-typed`}>
              Type <span className="mono">{person.email}</span> to confirm
            </label>
            <input
              id={`${id}-typed`}
              className="input mono"
              autoComplete="off"
              spellCheck={false}
              data-focus
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </div>
        )}
        <Problem what="Nothing was changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={way === 'remove' ? 'btn danger' : 'btn primary'}
            aria-disabled={action.busy || !isReady}
          >
            {action.busy ? doing : `${verb} ${person.name}`}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What became of the chosen keys, in words. */
async function revoke(keys: readonly ApiKey[], chosen: ReadonlySet<string>): Promise<string> {
  const results = await Promise.allSettled([...chosen].map(revokeKey));
  const failed = results.filter((result) => result.status === 'rejected').length;
  const going = keys.length - results.length + failed;
  const parts = [
    results.length > failed && `${plural(results.length - failed, 'API key')} revoked`,
    failed > 0 && `${plural(failed, 'API key')} could not be revoked`,
    going > 0 && `${plural(going, 'API key goes', 'API keys go')} on working`,
  ].filter(Boolean);
  return parts.length > 0 ? `; ${parts.join(', ')}` : '';
}
