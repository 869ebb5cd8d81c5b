import { useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { Page, Rollout, RolloutTurn } from '../../../api/types';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';

const TONES = { waiting: 'off', rolling: 'warn', done: 'ok', failed: 'bad' } as const;
const LOOK_MS = 5_000;

/** Whose turn it was, is and will be. */
export function RolloutTenants({ rollout }: { rollout: Rollout }) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['rollouts', rollout.id, 'tenants'],
    queryFn: ({ pageParam, signal }) =>
      get<Page<RolloutTurn>>(
        `/api/tenants/rollouts/${rollout.id}/tenants`,
        { limit: 50, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: rollout.state === 'running' ? LOOK_MS : false,
  });
  return (
    <>
      {isPending && (
        <Loading label="its tenants">
          <SkeletonRows rows={2} height={24} />
        </Loading>
      )}
      {error && !data && <Failed what="Its tenants" error={error} onRetry={refetch} />}
      <ul className="steps" aria-label={`Tenants of ${rollout.version}`}>
        {data?.pages
          .flatMap((page) => page.items)
          .map((turn) => (
            <li key={turn.tenant_id}>
              <Tag tone={TONES[turn.state]}>{turn.state}</Tag>
              <span className="mono">{turn.tenant_id}</span>
              <span className="hint">
                wave {turn.wave}, before: <span className="mono">{turn.previous_version}</span>
              </span>
              {turn.error && <span className="bad">{turn.error}</span>}
            </li>
          ))}
      </ul>
      {hasNextPage && (
        <button type="button" className="link" onClick={() => void fetchNextPage()}>
          Show more tenants
        </button>
      )}
    </>
  );
}
