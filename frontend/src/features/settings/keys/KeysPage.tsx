import './keys.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSession } from '../../../app/session';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { CreateKeyDialog } from './CreateKeyDialog';
import { KeyRow } from './KeyRow';
import { fetchKeys } from './keysApi';

export function KeysPage() {
  const { user } = useSession();
  usePageTitle('API keys', user?.tenant_name);
  const [creating, setCreating] = useState(false);
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['api-keys'],
    queryFn: ({ pageParam, signal }) => fetchKeys(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const keys = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="page-head">
        <h1>API keys</h1>
        {data && (
          <button type="button" className="btn primary push" onClick={() => setCreating(true)}>
            Create API key
          </button>
        )}
      </div>
      {error && !data && <Failed what="API keys" error={error} onRetry={refetch} />}
      {!error && (
        <section className="panel keys-panel" aria-label="API keys">
          {isPending && (
            <Loading label="API keys">
              <SkeletonRows rows={4} height={44} />
            </Loading>
          )}
          {data && keys.length === 0 && (
            <Empty title="No API keys yet">Senders and scripts sign in with one. It is shown once.</Empty>
          )}
          <ul className="keys">
            {keys.map((key) => (
              <KeyRow key={key.key_id} apiKey={key} />
            ))}
          </ul>
          {hasNextPage && (
            <button type="button" className="btn keys-more" onClick={() => void fetchNextPage()}>
              Show more
            </button>
          )}
        </section>
      )}
      {creating && <CreateKeyDialog onClose={() => setCreating(false)} />}
    </>
  );
}
