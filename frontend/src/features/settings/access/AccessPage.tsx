import './access.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSession } from '../../../app/session';
import { zoneName } from '../../../ui/age';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { fetchStays } from './accessApi';
import { StayRow } from './StayRow';

const LOOK_MS = 30_000;

/** Who of the provider was in the tenant, when and why: nothing of it is seen from outside otherwise. */
export function AccessPage() {
  const { user } = useSession();
  usePageTitle('Provider access', user?.tenant_name);
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['stays', 'all'],
    queryFn: ({ pageParam, signal }) => fetchStays(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: LOOK_MS,
  });
  const stays = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>Provider access</h1>
        {data && <span className="hint num">{(data.pages[0]?.total ?? 0).toLocaleString('en')}</span>}
        <span className="hint push">Times in {zoneName()}</span>
      </div>
      {error && !data && <Failed what="Provider access" error={error} onRetry={() => void refetch()} />}
      {!(error && !data) && (
        <section className="panel access-panel" aria-label="Stays">
          <p className="access-lead hint">
            People of the provider see incidents and alerts of this tenant only from inside, for a reason and
            at most an hour. What they do there stands in the audit log under their name.
          </p>
          {isPending && (
            <Loading label="provider access">
              <SkeletonRows rows={3} height={52} />
            </Loading>
          )}
          {data && stays.length === 0 && (
            <Empty title="Nobody of the provider has been in here">
              Whoever enters is listed here, and named on every page of yours while they are inside.
            </Empty>
          )}
          {stays.length > 0 && (
            <ol className="stays">
              {stays.map((stay) => (
                <StayRow key={stay.id} stay={stay} />
              ))}
            </ol>
          )}
          {hasNextPage && (
            <button type="button" className="btn access-more" onClick={() => void fetchNextPage()}>
              Show more
            </button>
          )}
        </section>
      )}
    </>
  );
}
