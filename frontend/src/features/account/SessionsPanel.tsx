import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import type { SessionRead } from '../../api/types';
import { Problem } from '../../ui/Problem';
import { Failed, Loading, SkeletonRows } from '../../ui/states';
import { Moment } from '../../ui/Time';
import { useAction } from '../../ui/useAction';
import { endSession, fetchSessions } from './accountApi';

export function SessionsPanel() {
  const id = useId();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => fetchSessions(signal),
  });
  return (
    <section className="panel" aria-labelledby={id}>
      <h2 id={id}>Where you are signed in</h2>
      {isPending && (
        <Loading label="sessions">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Your sessions" error={error} onRetry={refetch} />}
      <ul className="sessions">
        {data?.items.map((session) => (
          <Row key={session.id} session={session} />
        ))}
      </ul>
    </section>
  );
}

function Row({ session }: { session: SessionRead }) {
  const action = useAction();
  const client = useQueryClient();
  const end = () =>
    void action.run(async () => {
      await endSession(session.id);
      await client.invalidateQueries({ queryKey: ['sessions'] });
    });
  return (
    <li>
      <span>
        <span className="mono">{session.address ?? 'unknown address'}</span>
        {session.tenant_id && ` in ${session.tenant_id}`}
        <span className="hint">
          {' '}
          by {session.method === 'sso' ? 'single sign-on' : 'password'}
          {session.has_second_factor && ' and app'}, last used <Moment at={session.last_used_at} />
        </span>
      </span>
      {session.is_current ? (
        <b>this one</b>
      ) : (
        <button type="button" className="btn" aria-disabled={action.busy} onClick={end}>
          End session
        </button>
      )}
      <Problem what="The session goes on" problem={action.problem} />
    </li>
  );
}
