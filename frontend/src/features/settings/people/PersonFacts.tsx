import type { Person } from '../../../api/types';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';

export function PersonFacts({ person, isMe = false }: { person: Person; isMe?: boolean }) {
  return (
    <>
      <span className="who">
        <b dir="auto">
          {person.name}
          {isMe && ' (you)'}
        </b>
        <span className="hint">{person.email}</span>
      </span>
      <span className="what">
        <Tag tone={person.is_active ? 'ok' : 'off'}>
          {person.role}
          {!person.is_active && ', deactivated'}
        </Tag>
      </span>
      <span className="what hint">
        {person.has_second_factor ? 'authenticator app' : person.has_password ? 'password' : 'single sign-on'}
        {person.locked_until && ', locked'}
        {', '}
        {person.last_used_at ? (
          <>
            last here <Moment at={person.last_used_at} />
          </>
        ) : (
          'never here'
        )}
      </span>
    </>
  );
}
