import './billing.css';
import { useQuery } from '@tanstack/react-query';
import { useSession } from '../../../app/session';
import { Failed, Loading, SkeletonRows } from '../../../ui/states';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';
import { usePageTitle } from '../../../ui/usePageTitle';
import { fetchBilling, money } from './billingApi';
import { InvoicesPanel } from './InvoicesPanel';
import { PlanChoice } from './PlanChoice';
import { SubscriptionActions } from './SubscriptionActions';

const TONES = {
  none: 'off',
  incomplete: 'warn',
  trialing: 'ok',
  active: 'ok',
  grace: 'warn',
  overdue: 'bad',
  trial_ended: 'bad',
  paused: 'bad',
  ended: 'off',
} as const;
const BUSY_MS = 2_000;

export function BillingPage() {
  const { user } = useSession();
  usePageTitle('Billing', user?.tenant_name);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['billing'],
    queryFn: ({ signal }) => fetchBilling(signal),
    refetchInterval: (query) => (query.state.data?.running_change ? BUSY_MS : false),
  });
  return (
    <>
      <div className="page-head">
        <h1>Billing</h1>
      </div>
      {isPending && (
        <Loading label="billing">
          <SkeletonRows rows={5} height={44} />
        </Loading>
      )}
      {error && !data && <Failed what="Billing" error={error} onRetry={refetch} />}
      {data && (
        <>
          <section className="panel billing-panel" aria-label="Subscription">
            <p className="billing-plan">
              {data.plan}
              {data.price_cents !== null && data.currency !== null && (
                <span className="num">, {money(data.price_cents, data.currency)} a month</span>
              )}
            </p>
            <Tag tone={TONES[data.standing]}>{data.status_text}</Tag>
            {data.is_suspended && data.suspended_reason && (
              <p className="notice" role="status">
                This tenant is suspended: {data.suspended_reason}
              </p>
            )}
            {data.next && (
              <p>
                {data.next.text} <Moment at={data.next.at} />
                {data.next.amount_cents !== null &&
                  data.next.currency !== null &&
                  `, ${money(data.next.amount_cents, data.next.currency)}`}
              </p>
            )}
            {data.credit_cents > 0 && data.currency && (
              <p>{money(data.credit_cents, data.currency)} are taken off the next invoices.</p>
            )}
            {data.payment_url && (
              <p>
                <a className="btn primary" href={data.payment_url}>
                  Pay the open invoice
                </a>
              </p>
            )}
            {data.running_change && (
              <p className="hint" role="status">
                {data.running_change.replace('_', ' ')} is under way
              </p>
            )}
            {data.mode === 'manual' && (
              <p className="hint">
                This installation is not connected to Stripe: plans are given by its operators. Ask them for
                another one.
              </p>
            )}
            <SubscriptionActions billing={data} />
          </section>
          {data.mode !== 'manual' && (
            <>
              <PlanChoice billing={data} />
              <InvoicesPanel />
            </>
          )}
        </>
      )}
    </>
  );
}
