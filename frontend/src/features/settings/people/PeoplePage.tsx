import './people.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useDeferredValue, useId, useState } from 'react';
import { useSession } from '../../../app/session';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { usePageTitle } from '../../../ui/usePageTitle';
import { InvitationsPanel } from './InvitationsPanel';
import { InviteDialog } from './InviteDialog';
import { PersonRow } from './PersonRow';
import { fetchPeople } from './peopleApi';

const route = getRouteApi('/tenant/settings/people');

/** Who may do what in this tenant. */
export function PeoplePage() {
  const { user } = useSession();
  usePageTitle('People', user?.tenant_name);
  const { q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useDeferredValue(q);
  const [inviting, setInviting] = useState(false);
  const id = useId();
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['people', asked],
    queryFn: ({ pageParam, signal }) => fetchPeople(asked, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
  });
  const people = data?.pages.flatMap((page) => page.items) ?? [];
  const filter = (text: string) => void navigate({ search: text === '' ? {} : { q: text }, replace: true });
  if (error && !data) {
    return (
      <>
        <div className="page-head">
          <h1>People</h1>
        </div>
        <Failed what="People" error={error} onRetry={refetch} />
      </>
    );
  }
  return (
    <>
      <div className="page-head">
        <h1>People</h1>
        <span className="hint num" role="status">
          {data &&
            `${people.length.toLocaleString('en')} of ${(data.pages[0]?.total ?? 0).toLocaleString('en')}`}
        </span>
        <button type="button" className="btn primary push" onClick={() => setInviting(true)}>
          Invite people
        </button>
      </div>
      <form className="people-search" role="search" onSubmit={(event) => event.preventDefault()}>
        <label htmlFor={id}>Search</label>
        <input
          id={id}
          className="input"
          type="search"
          value={q}
          onChange={(event) => filter(event.target.value)}
        />
      </form>
      <section className="panel people-panel" aria-label="Members">
        {isPending && (
          <Loading label="people">
            <SkeletonRows rows={5} height={44} />
          </Loading>
        )}
        {data && people.length === 0 && (
          <Empty
            title="Nobody matches"
            actions={
              <button type="button" className="btn" onClick={() => filter('')}>
                Clear search
              </button>
            }
          >
            The search hides everybody.
          </Empty>
        )}
        <ul className="people">
          {people.map((person) => (
            <PersonRow key={person.id} person={person} isMe={person.id === user?.id} />
          ))}
        </ul>
        {hasNextPage && (
          <button type="button" className="btn people-more" onClick={() => void fetchNextPage()}>
            Show more
          </button>
        )}
      </section>
      <InvitationsPanel />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </>
  );
}
