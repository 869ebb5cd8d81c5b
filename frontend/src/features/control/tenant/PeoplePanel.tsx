import '../../settings/people/people.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Tenant } from '../../../api/types';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { InvitationsPanel } from '../../settings/people/InvitationsPanel';
import { InviteDialog } from '../../settings/people/InviteDialog';
import { PersonFacts } from '../../settings/people/PersonFacts';
import { fetchPeople } from '../../settings/people/peopleApi';

/** Who is in a tenant, and how its first admin gets there; everything else about its people is its admins' own. */
export function PeoplePanel({ tenant }: { tenant: Tenant }) {
  const [inviting, setInviting] = useState(false);
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['tenant', tenant.tenant_id, 'people'],
    queryFn: ({ pageParam, signal }) => fetchPeople('', pageParam, signal, tenant.tenant_id),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const people = data?.pages.flatMap((page) => page.items) ?? [];
  const mayInvite = tenant.state === 'active' || tenant.state === 'suspended';
  return (
    <>
      <section className="panel control-panel" aria-label="People">
        <div className="panel-title row">
          <h2>People</h2>
          {data && <span className="hint num">{(data.pages[0]?.total ?? 0).toLocaleString('en')}</span>}
          {mayInvite && (
            <button type="button" className="btn push" onClick={() => setInviting(true)}>
              Invite admin
            </button>
          )}
        </div>
        {isPending && (
          <Loading label="people">
            <SkeletonRows rows={3} height={44} />
          </Loading>
        )}
        {error && !data && <Failed what="People" error={error} onRetry={refetch} />}
        {data && people.length === 0 && (
          <Empty title={`Nobody is in ${tenant.name} yet`}>
            Invite its first admin; that person invites everybody else.
          </Empty>
        )}
        <ul className="people">
          {people.map((person) => (
            <li key={person.id}>
              <PersonFacts person={person} />
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <button type="button" className="btn people-more" onClick={() => void fetchNextPage()}>
            Show more
          </button>
        )}
      </section>
      <InvitationsPanel tenantId={tenant.tenant_id} />
      {inviting && (
        <InviteDialog
          tenantId={tenant.tenant_id}
          likelyRole="admin"
          email={people.length === 0 ? tenant.contact_email : ''}
          onClose={() => setInviting(false)}
        />
      )}
    </>
  );
}
