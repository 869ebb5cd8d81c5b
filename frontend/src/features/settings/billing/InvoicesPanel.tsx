import { useInfiniteQuery } from '@tanstack/react-query';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Moment } from '../../../ui/Time';
import { fetchInvoices, money } from './billingApi';

/** As Stripe has them; the lines add up to the subtotal. */
export function InvoicesPanel() {
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: ['billing', 'invoices'],
    queryFn: ({ pageParam, signal }) => fetchInvoices(pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const invoices = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="panel billing-panel" aria-labelledby="invoices-title">
      <h2 id="invoices-title">Invoices</h2>
      {isPending && (
        <Loading label="invoices">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {error && !data && <Failed what="Invoices" error={error} onRetry={refetch} />}
      {data && invoices.length === 0 && <Empty title="No invoices yet" />}
      {invoices.length > 0 && (
        <div className="invoices-scroll" tabIndex={0} role="region" aria-label="Invoice table">
          <table className="invoices">
            <thead>
              <tr>
                <th scope="col">Invoice</th>
                <th scope="col">Date</th>
                <th scope="col">Lines</th>
                <th scope="col" className="amount">
                  Total
                </th>
                <th scope="col">Status</th>
              </tr>
            </thead>
            <tbody>
              {invoices.map((invoice) => (
                <tr key={invoice.id}>
                  <th scope="row" className="mono">
                    {invoice.hosted_url ? (
                      <a href={invoice.hosted_url}>{invoice.number ?? invoice.id}</a>
                    ) : (
                      (invoice.number ?? invoice.id)
                    )}
                  </th>
                  <td>
                    <Moment at={invoice.created_at} />
                  </td>
                  <td>
                    <ul>
                      {invoice.lines.map((line) => (
                        <li key={`${line.description}${line.period_start}${line.amount_cents}`}>
                          {line.description}{' '}
                          <span className="num">{money(line.amount_cents, invoice.currency)}</span>
                        </li>
                      ))}
                    </ul>
                  </td>
                  <td className="num amount">{money(invoice.total_cents, invoice.currency)}</td>
                  <td>
                    {invoice.status}
                    {invoice.amount_remaining_cents > 0 && (
                      <span className="hint">
                        {' '}
                        {money(invoice.amount_remaining_cents, invoice.currency)} open
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <button type="button" className="btn" onClick={() => void fetchNextPage()}>
          Show earlier invoices
        </button>
      )}
    </section>
  );
}
