import { useId, useMemo } from 'react';
import { queryClient } from '../../app/queryClient';
import { useSession } from '../../app/session';
import { INCIDENT_LIST_KEY } from './incidentsApi';
import type { ListData } from './listData';

type Props = { value: string; onChange: (value: string) => void };

/** An email, with those that already hold incidents as suggestions. Empty means nobody. */
export function AssigneeField({ value, onChange }: Props) {
  const id = useId();
  const { user } = useSession();
  const known = useMemo(knownAssignees, []);
  return (
    <div className="field">
      <label htmlFor={id}>Assignee (empty: nobody)</label>
      <div className="row">
        <input
          id={id}
          className="input"
          type="email"
          list={`${id}-known`}
          autoComplete="off"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
        <button type="button" className="btn" onClick={() => onChange(user?.email ?? '')}>
          Me
        </button>
      </div>
      <datalist id={`${id}-known`}>
        {known.map((email) => (
          <option key={email} value={email} />
        ))}
      </datalist>
    </div>
  );
}

function knownAssignees(): string[] {
  const emails = new Set<string>();
  for (const [, data] of queryClient.getQueriesData<ListData>({ queryKey: INCIDENT_LIST_KEY })) {
    for (const incident of data?.byId.values() ?? []) {
      if (incident.assignee) {
        emails.add(incident.assignee);
      }
    }
  }
  return [...emails].sort();
}
