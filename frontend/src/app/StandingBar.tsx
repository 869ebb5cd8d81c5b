import './impersonation.css';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { OwnUsage } from '../api/types';
import { plural } from '../ui/plural';
import { Day } from '../ui/Time';

const LOOK_MS = 30_000;
const BUSY_MS = 5_000;

/** Whether there is something to say, and so something that will soon be over. */
function says(usage: OwnUsage | undefined): boolean {
  return usage !== undefined && (usage.standing !== 'active' || usage.held > 0);
}

/** Says it on every page when writes are refused or what senders post is kept: nobody should find out by an incident. */
export function StandingBar() {
  const { data } = useQuery({
    queryKey: ['standing'],
    queryFn: ({ signal }) => get<OwnUsage>('/api/usage', {}, signal),
    refetchInterval: (query) => (says(query.state.data) ? BUSY_MS : LOOK_MS),
    staleTime: LOOK_MS,
  });
  if (!data || !says(data)) {
    return null;
  }
  return (
    <div className="standing" role="status">
      <IconInfoCircle className="icon" size={16} stroke={1.6} aria-hidden />
      {data.standing === 'suspended' && (
        <span>
          This tenant is{' '}
          {data.delete_after ? (
            <>
              to be deleted on <Day at={data.delete_after} />
            </>
          ) : (
            'suspended'
          )}
          : everything can be read, nothing can be changed.
        </span>
      )}
      {data.standing === 'frozen' && (
        <span>This tenant is being moved: changes are possible again in a moment.</span>
      )}
      {data.held > 0 && (
        <span>
          {plural(data.held, 'payload')} of your senders {data.held === 1 ? 'is' : 'are'} kept and not
          processed yet.
        </span>
      )}
    </div>
  );
}
