import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { Person } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { bulkWords, runBulk } from '../../incidents/bulk';
import { changeIncident, fetchIncidents, LIST_LIMIT } from '../../incidents/incidentsApi';
import { fetchKeys } from '../keys/keysApi';
import { changePerson } from './peopleApi';
import { useMembers } from './useMembers';

const NOBODY = '';

/** Lists what the person holds, and asks who takes their incidents, before they lose access. */
export function DeactivateDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const [heir, setHeir] = useState(NOBODY);
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
    queryFn: ({ signal }) => keysOf(person, signal),
  });
  const heirs = useMembers().filter(
    (other) => other.id !== person.id && other.is_active && other.role !== 'viewer',
  );
  const incidents = held.data?.items ?? [];

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    let handed = '';
    const done = await action.run(async () => {
      await changePerson(person.id, { is_active: false });
      if (heir !== NOBODY && incidents.length > 0) {
        const moved = await runBulk(
          incidents,
          (incident) => changeIncident(incident.id, { assignee: heir }),
          () => undefined,
        );
        handed = `; incidents to ${heir}: ${bulkWords(moved)}`;
      }
      await client.invalidateQueries({ queryKey: ['people'] });
    });
    if (done) {
      tell(`${person.name} is deactivated${handed}`);
      onClose();
    }
  };

  return (
    <Dialog title={`Deactivate ${person.name}`} onClose={onClose} width={480}>
      <form onSubmit={submit}>
        <p>
          Their sessions in this tenant end; an access token that is out already ends within 15 minutes. They
          can be activated again.
        </p>
        <ul className="held" aria-label={`What ${person.name} holds`}>
          <li>
            {held.data ? plural(held.data.total, 'open incident') : 'Open incidents: looking'}
            {held.error && 'could not be read'}
          </li>
          <li>
            {keys.data
              ? `${plural(keys.data.length, 'API key')}${keys.data.length > 0 ? `, which go on working: ${keys.data.join(', ')}` : ''}`
              : 'API keys: looking'}
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
        <Problem what="Nothing was changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy || held.isPending}>
            {action.busy ? 'Deactivating' : `Deactivate ${person.name}`}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** The names of the keys that they made and that still count. */
async function keysOf(person: Person, signal: AbortSignal): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof fetchKeys>> = await fetchKeys(cursor, signal);
    names.push(
      ...page.items
        .filter((key) => key.created_by === person.email && key.revoked_at === null)
        .map((key) => key.name),
    );
    cursor = page.next_cursor;
  } while (cursor);
  return names;
}
