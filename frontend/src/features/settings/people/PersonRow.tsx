import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Person } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Menu, type MenuItem } from '../../../ui/Menu';
import { tell } from '../../../ui/toasts';
import { LeaveDialog } from './LeaveDialog';
import { PersonFacts } from './PersonFacts';
import { changePerson, resetFactor, unlockPerson } from './peopleApi';
import { RoleDialog } from './RoleDialog';

type Open = 'role' | 'deactivate' | 'activate' | 'remove' | 'unlock' | 'factor';

export function PersonRow({ person, isMe }: { person: Person; isMe: boolean }) {
  const [open, setOpen] = useState<Open | null>(null);
  const client = useQueryClient();
  const close = () => setOpen(null);
  const done = (said: string) => async () => {
    await client.invalidateQueries({ queryKey: ['people'] });
    tell(said);
  };
  const items: MenuItem[] = [
    { label: 'Change role', onSelect: () => setOpen('role') },
    person.is_active
      ? { label: 'Deactivate', onSelect: () => setOpen('deactivate') }
      : { label: 'Activate', onSelect: () => setOpen('activate') },
    ...(person.locked_until ? [{ label: 'Unlock', onSelect: () => setOpen('unlock') }] : []),
    ...(person.has_second_factor
      ? [{ label: 'Reset authenticator app', onSelect: () => setOpen('factor') }]
      : []),
    { label: 'Remove from tenant', onSelect: () => setOpen('remove') },
  ];
  return (
    <li>
      <PersonFacts person={person} isMe={isMe} />
      <Menu className="btn" name={`Change ${person.name}`} label="Change" items={items} />
      {open === 'role' && <RoleDialog person={person} onClose={close} />}
      {(open === 'deactivate' || open === 'remove') && (
        <LeaveDialog person={person} way={open} onClose={close} />
      )}
      {open === 'activate' && (
        <ConfirmDialog
          title={`Activate ${person.name}`}
          verb={`Activate ${person.name}`}
          act={() => changePerson(person.id, { is_active: true }).then(done(`${person.name} is active`))}
          onClose={close}
        >
          <p>They can sign in again as {person.role}.</p>
        </ConfirmDialog>
      )}
      {open === 'unlock' && (
        <ConfirmDialog
          title={`Unlock ${person.name}`}
          verb={`Unlock ${person.name}`}
          act={() => unlockPerson(person.id).then(done(`${person.name} can sign in again`))}
          onClose={close}
        >
          <p>Too many wrong passwords were typed for this account. Unlock it when you know who that was.</p>
        </ConfirmDialog>
      )}
      {open === 'factor' && (
        <ConfirmDialog
          title={`Reset the authenticator app of ${person.name}`}
          verb="Reset authenticator app"
          act={() =>
            resetFactor(person.id).then(done(`${person.name} signs in with the password alone for now`))
          }
          onClose={close}
        >
          <p>
            For somebody whose phone is gone: they sign in with the password alone until they set it up anew.
          </p>
        </ConfirmDialog>
      )}
    </li>
  );
}
