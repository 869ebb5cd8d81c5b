import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Meter } from '../../../ui/Meter';
import { money } from '../../../ui/money';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { fetchBilling } from '../../settings/billing/billingApi';
import { InvoicesPanel } from '../../settings/billing/InvoicesPanel';
import { limitWords } from '../limits';
import { DisputesPanel } from './DisputesPanel';
import { GrantCreditDialog } from './GrantCreditDialog';
import { payments } from './payments';

/** What a tenant pays, what it used by meter, and its invoices as Stripe has them. */
export function BillingPanel({ tenantId }: { tenantId: string }) {
  const [granting, setGranting] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['tenant', tenantId, 'billing'],
    queryFn: ({ signal }) => fetchBilling(signal, tenantId),
  });
  if (isPending) {
    return (
      <Loading label="billing">
        <SkeletonRows rows={4} height={36} />
      </Loading>
    );
  }
  if (!data) {
    return <Failed what="Billing" error={error} onRetry={refetch} />;
  }
  const { tone } = payments(data.standing);
  const price = data.price_cents !== null && data.currency !== null && money(data.price_cents, data.currency);
  return (
    <>
      <section className="panel control-panel billing-facts" aria-label="Billing">
        <div className="row billing-head">
          <Tag tone={tone}>{data.status_text}</Tag>
          {data.mode === 'stripe' && (
            <button type="button" className="btn push" onClick={() => setGranting(true)}>
              Grant credit
            </button>
          )}
        </div>
        <p>
          Plan <b>{data.plan}</b> <span className="hint">version {data.plan_version}</span>
          {price && <span className="num">, {price} a month</span>}
        </p>
        {data.next && <p>{data.next.text}</p>}
        {data.credit_cents > 0 && data.currency && (
          <p className="num">
            {money(data.credit_cents, data.currency)} of credit are taken off the next invoices.
          </p>
        )}
        {data.mode === 'manual' && (
          <p className="hint">
            This installation has no Stripe key: there are no invoices, and plans are given in this console.
          </p>
        )}
        {data.reconciled_at && (
          <p className="hint">
            Compared with Stripe at <Moment at={data.reconciled_at} />
          </p>
        )}
        <ul className="meters">
          {data.usage.map((meter) => (
            <li key={meter.meter}>
              <span>{limitWords(meter.meter)}</span>
              <Meter label={limitWords(meter.meter)} used={meter.used} limit={meter.limit} />
            </li>
          ))}
        </ul>
      </section>
      {data.mode === 'stripe' && <DisputesPanel tenantId={tenantId} />}
      {data.mode === 'stripe' && <InvoicesPanel tenantId={tenantId} />}
      {granting && (
        <GrantCreditDialog
          tenantId={tenantId}
          currency={data.currency ?? 'usd'}
          onClose={() => setGranting(false)}
        />
      )}
    </>
  );
}
