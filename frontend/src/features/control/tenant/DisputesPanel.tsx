import { useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../../../api/client';
import type { Dispute, Page } from '../../../api/types';
import { money } from '../../../ui/money';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Day, Moment } from '../../../ui/Time';

const STATUSES: Record<Dispute['status'], { words: string; tone: 'ok' | 'warn' | 'bad' | 'off' }> = {
  warning_needs_response: { words: 'inquiry, needs an answer', tone: 'warn' },
  warning_under_review: { words: 'inquiry, under review', tone: 'warn' },
  warning_closed: { words: 'inquiry closed', tone: 'off' },
  needs_response: { words: 'needs an answer', tone: 'bad' },
  under_review: { words: 'under review', tone: 'warn' },
  won: { words: 'won', tone: 'ok' },
  lost: { words: 'lost', tone: 'off' },
  prevented: { words: 'prevented', tone: 'off' },
};

/** Payments that a card's holder took back through the bank, as Stripe has them; they are answered there. */
export function DisputesPanel({ tenantId }: { tenantId: string }) {
  const { data, error, isPending, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ['tenant', tenantId, 'disputes'],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Dispute>>(
        '/api/billing/disputes',
        { tenant_id: tenantId, limit: 20, cursor: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const disputes = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel control-panel" aria-labelledby="disputes-title">
      <h2 id="disputes-title" className="panel-title">
        Disputes
      </h2>
      {isPending && (
        <Loading label="disputes">
          <SkeletonRows rows={1} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Disputes" error={error} onRetry={refetch} />}
      {data && disputes.length === 0 && (
        <p className="usage-note hint">No payment of this tenant is or was disputed.</p>
      )}
      {disputes.length > 0 && (
        <div className="control-scroll" tabIndex={0} role="region" aria-label="Dispute table">
          <table className="control-table">
            <thead>
              <tr>
                <th scope="col">Amount</th>
                <th scope="col">State</th>
                <th scope="col">Reason</th>
                <th scope="col">Answer due</th>
                <th scope="col">Opened</th>
                <th scope="col">
                  <span className="visually-hidden">Open at Stripe</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {disputes.map((dispute) => (
                <tr key={dispute.dispute_id}>
                  <td className="num">{money(dispute.amount_cents, dispute.currency)}</td>
                  <td>
                    <Tag tone={STATUSES[dispute.status].tone}>{STATUSES[dispute.status].words}</Tag>
                  </td>
                  <td>{dispute.reason.replaceAll('_', ' ')}</td>
                  <td>
                    <Due dispute={dispute} />
                  </td>
                  <td>
                    <Day at={dispute.opened_at} />
                  </td>
                  <td>
                    <a href={dispute.stripe_url} target="_blank" rel="noreferrer">
                      Open at Stripe <span className="visually-hidden">{dispute.dispute_id}</span>
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <div className="control-more">
          <button type="button" className="btn" onClick={() => void fetchNextPage()}>
            Show earlier disputes
          </button>
        </div>
      )}
    </section>
  );
}

function Due({ dispute }: { dispute: Dispute }) {
  if (!dispute.needs_response) {
    return <span className="hint">{dispute.has_evidence ? 'answered' : '–'}</span>;
  }
  if (!dispute.evidence_due_at) {
    return <span className="hint">the bank takes no answer</span>;
  }
  return (
    <b>
      <Moment at={dispute.evidence_due_at} />
    </b>
  );
}
