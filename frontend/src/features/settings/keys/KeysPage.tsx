import './keys.css';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../../app/permissions';
import { useSession } from '../../../app/session';
import { Empty, Failed, Loading, Refetching, SkeletonRows, Stopped } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { CreateKeyDialog } from './CreateKeyDialog';
import { KeyRow } from './KeyRow';
import { fetchKeys } from './keysApi';

export function KeysPage() {
  const { user } = useSession();
  usePageTitle('API keys', user?.tenant_name);
  const [creating, setCreating] = useState(false);
  const mayCreate = useMay('api_keys:manage');
  const client = useQueryClient();
  const { data, error, isPending, isFetching, fetchStatus, refetch, fetchNextPage, hasNextPage } =
    useInfiniteQuery({
      queryKey: ['api-keys'],
      queryFn: ({ pageParam, signal }) => fetchKeys(pageParam, signal),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next_cursor,
      staleTime: 0,
    });
  const keys = data?.pages.flatMap((page) => page.items) ?? [];
  const create = () => setCreating(true);
  return (
    <>
      <div className="page-head">
        <h1>API keys</h1>
        {data && <span className="hint num">{(data.pages[0]?.total ?? 0).toLocaleString('en')}</span>}
        {data && mayCreate && (
          <button type="button" className="btn primary push" onClick={create}>
            Create API key
          </button>
        )}
      </div>
      {error && !data && <Failed what="API keys" error={error} onRetry={() => void refetch()} />}
      {isPending && fetchStatus === 'idle' && <Stopped what="API keys" onRetry={() => void refetch()} />}
      {!(error && !data) && (
        <section className="panel keys-panel" aria-label="API keys">
          <Refetching active={isFetching && !isPending} />
          {isPending && fetchStatus !== 'idle' && (
            <Loading label="API keys" onCancel={() => void client.cancelQueries({ queryKey: ['api-keys'] })}>
              <SkeletonRows rows={4} height={52} />
            </Loading>
          )}
          {data && keys.length === 0 && (
            <Empty
              title="No API keys yet"
              actions={
                mayCreate && (
                  <button type="button" className="btn" onClick={create}>
                    Create the first API key
                  </button>
                )
              }
            >
              Senders and scripts sign in with one. It is shown once, when it is made.
            </Empty>
          )}
          {keys.length > 0 && (
            <>
              <div className="key-columns hint" aria-hidden="true">
                <span>Key</span>
                <span>It may</span>
                <span>Last used</span>
                <span>Made</span>
                <span>State</span>
              </div>
              <ul className="keys">
                {keys.map((key) => (
                  <KeyRow key={key.key_id} apiKey={key} />
                ))}
              </ul>
            </>
          )}
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
