import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import type { Person } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { changePerson, fetchRoles, type Role } from './peopleApi';
import { difference, ROLES } from './roles';

/** Shows what the person gains and loses before it happens. */
export function RoleDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const [role, setRole] = useState<Role>(person.role);
  const roles = useQuery({ queryKey: ['roles'], queryFn: ({ signal }) => fetchRoles(signal) });
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const { gains, loses } = difference(roles.data?.roles ?? [], person.role, role);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const changed = await action.run(async () => {
      await changePerson(person.id, { role });
      await client.invalidateQueries({ queryKey: ['people'] });
    });
    if (changed) {
      tell(`${person.name} is now ${role}`);
      onClose();
    }
  };
  return (
    <Dialog title={`Change the role of ${person.name}`} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={id}>Role</label>
          <select
            id={id}
            className="input"
            value={role}
            onChange={(event) => setRole(event.target.value as Role)}
          >
            {ROLES.map((known) => (
              <option key={known}>{known}</option>
            ))}
          </select>
        </div>
        <div className="role-change" role="status">
          <Words title={`${person.name} gains:`} words={gains} />
          <Words title={`${person.name} loses:`} words={loses} />
        </div>
        <Problem what="The role was not changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy || role === person.role}>
            Change role
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Words({ title, words }: { title: string; words: string[] }) {
  if (words.length === 0) {
    return null;
  }
  return (
    <>
      <p dir="auto">{title}</p>
      <ul>
        {words.map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ul>
    </>
  );
}
