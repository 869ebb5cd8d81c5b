import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useId, useState } from 'react';
import { Empty, Failed, Loading, Refetching, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { CONTROL } from '../title';
import { CreateTenantDialog } from './CreateTenantDialog';
import { ImportTenantDialog } from './ImportTenantDialog';
import { TenantTable } from './TenantTable';
import { fetchPlans, fetchTenants } from './tenantsApi';

const route = getRouteApi('/control/tenants');
const STATES = ['requested', 'provisioning', 'active', 'suspended', 'deleting', 'gone'];

export function TenantsPage() {
  usePageTitle('Tenants', CONTROL);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [open, setOpen] = useState<'create' | 'import' | null>(null);
  const id = useId();
  const filter = { q: search.q ?? '', state: search.state ?? '', plan: search.plan ?? '' };
  const asked = useDeferredValue(JSON.stringify(filter));
  const plans = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => fetchPlans(signal) });
  const { data, error, isPending, isFetching, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } =
    useInfiniteQuery({
      queryKey: ['tenants', asked],
      queryFn: ({ pageParam, signal }) => fetchTenants(JSON.parse(asked), pageParam, signal),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next_cursor,
      placeholderData: (before) => before,
    });
  const tenants = data?.pages.flatMap((page) => page.items) ?? [];
  const total = data?.pages[0]?.total ?? 0;
  const filtered = filter.q !== '' || filter.state !== '' || filter.plan !== '';
  const change = (next: Partial<typeof filter>) =>
    void navigate({
      search: (known) => {
        const changed = { ...known, ...next };
        return {
          q: changed.q || undefined,
          state: changed.state || undefined,
          plan: changed.plan || undefined,
        };
      },
      replace: true,
    });
  return (
    <>
      <div className="page-head">
        <h1>Tenants</h1>
        <span className="hint num" role="status">
          {data && `${tenants.length.toLocaleString('en')} of ${total.toLocaleString('en')}`}
        </span>
        <span className="row push">
          <button type="button" className="btn" onClick={() => setOpen('import')}>
            Import tenant
          </button>
          <button type="button" className="btn primary" onClick={() => setOpen('create')}>
            Create tenant
          </button>
        </span>
      </div>
      <form className="control-search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor={`${id}-q`}>Search</label>
        <input
          id={`${id}-q`}
          className="input"
          type="search"
          placeholder="Beginning of a name, an id or a contact"
          value={filter.q}
          onChange={(event) => change({ q: event.target.value })}
        />
        <label htmlFor={`${id}-state`}>State</label>
        <select
          id={`${id}-state`}
          className="input"
          value={filter.state}
          onChange={(event) => change({ state: event.target.value })}
        >
          <option value="">any</option>
          {STATES.map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
        <label htmlFor={`${id}-plan`}>Plan</label>
        <select
          id={`${id}-plan`}
          className="input"
          value={filter.plan}
          onChange={(event) => change({ plan: event.target.value })}
        >
          <option value="">any</option>
          {plans.data?.map((plan) => (
            <option key={plan.name}>{plan.name}</option>
          ))}
        </select>
      </form>
      <section className="panel control-panel" aria-label="Tenants">
        <Refetching active={isFetching && !isPending} />
        {isPending && (
          <Loading label="tenants">
            <SkeletonRows rows={8} height={36} />
          </Loading>
        )}
        {error && !data && <Failed what="Tenants" error={error} onRetry={refetch} />}
        {data && tenants.length === 0 && !filtered && (
          <Empty
            title="No tenants yet"
            actions={
              <button type="button" className="btn primary" onClick={() => setOpen('create')}>
                Create the first tenant
              </button>
            }
          >
            Each gets a schema and a role of its own.
          </Empty>
        )}
        {data && tenants.length === 0 && filtered && (
          <Empty
            title="No tenant matches"
            actions={
              <button
                type="button"
                className="btn"
                onClick={() => change({ q: undefined, state: undefined, plan: undefined })}
              >
                Clear filter
              </button>
            }
          >
            The filter hides every tenant.
          </Empty>
        )}
        {tenants.length > 0 && <TenantTable tenants={tenants} />}
        {hasNextPage && (
          <div className="control-more">
            <button
              type="button"
              className="btn"
              aria-disabled={isFetchingNextPage}
              onClick={() => void fetchNextPage()}
            >
              {isFetchingNextPage ? 'Loading' : 'Show more'}
            </button>
          </div>
        )}
      </section>
      {open === 'create' && <CreateTenantDialog onClose={() => setOpen(null)} />}
      {open === 'import' && <ImportTenantDialog onClose={() => setOpen(null)} />}
    </>
  );
}
