import './billing.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { asApiError, sentence } from '../../../api/errors';
import type { InvoiceList } from '../../../api/types';
import { money } from '../../../ui/money';
import { Empty, Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Day } from '../../../ui/Time';
import { fetchInvoices } from './billingApi';

type Invoice = InvoiceList['items'][number];

/** As Stripe has them; the lines add up to the subtotal. */
export function InvoicesPanel({ tenantId }: { tenantId?: string }) {
  const { data, error, isPending, refetch, fetchNextPage, hasNextPage } = useInfiniteQuery({
    queryKey: tenantId ? ['tenant', tenantId, 'invoices'] : ['billing', 'invoices'],
    queryFn: ({ pageParam, signal }) => fetchInvoices(pageParam, signal, tenantId),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  const invoices = data?.pages.flatMap((page) => page.items) ?? [];
  const hasBoughtNothing = error !== null && asApiError(error).status === 409;
  return (
    <section className="panel billing-panel" aria-labelledby="invoices-title">
      <h2 id="invoices-title">Invoices</h2>
      {isPending && (
        <Loading label="invoices">
          <SkeletonRows rows={3} height={36} />
        </Loading>
      )}
      {hasBoughtNothing && <Empty title="No invoices yet">{sentence(asApiError(error).message)}</Empty>}
      {error && !data && !hasBoughtNothing && (
        <Failed what="Invoices" error={error} onRetry={() => void refetch()} />
      )}
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
                    <Day at={invoice.created_at} />
                  </td>
                  <td>
                    <InvoiceLines invoice={invoice} />
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

/** From the lines to the total: every step that is not nothing. */
function InvoiceLines({ invoice }: { invoice: Invoice }) {
  const { currency } = invoice;
  const steps = [
    { words: 'Discount', cents: -invoice.discount_cents },
    { words: 'Tax', cents: invoice.tax_cents },
  ].filter((step) => step.cents !== 0);
  const isCredited = invoice.credit_cents !== 0;
  return (
    <ul className="invoice-lines">
      {invoice.lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an invoice's lines never change their places
        <li key={index}>
          <span>{line.description}</span>
          <span className="num">{money(line.amount_cents, currency)}</span>
        </li>
      ))}
      {steps.map((step) => (
        <li key={step.words}>
          <span className="hint">{step.words}</span>
          <span className="num">{money(step.cents, currency)}</span>
        </li>
      ))}
      {isCredited && (
        <li>
          <span className="hint">From credit, to pay {money(invoice.amount_due_cents, currency)}</span>
          <span className="num">{money(-invoice.credit_cents, currency)}</span>
        </li>
      )}
    </ul>
  );
}
