import { Link } from '@tanstack/react-router';
import type { Billing } from '../../../api/types';
import { money } from '../../../ui/money';
import { Tag } from '../../../ui/Tag';
import { Day } from '../../../ui/Time';
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

/** How the tenant stands: the plan, what it costs, and what happens next. */
export function SubscriptionPanel({ billing, isPaidJustNow }: { billing: Billing; isPaidJustNow: boolean }) {
  const { currency, price_cents, next } = billing;
  const isPaidFor = billing.mode !== 'manual' && billing.standing !== 'none' && billing.standing !== 'ended';
  return (
    <section className="panel billing-panel" aria-label="Subscription">
      <p className="billing-plan">
        {billing.plan}
        {isPaidFor && price_cents !== null && currency !== null && (
          <span className="num">{money(price_cents, currency)} a month</span>
        )}
      </p>
      <Tag tone={TONES[billing.standing]}>{billing.status_text}</Tag>
      {isPaidJustNow && billing.standing !== 'active' && billing.standing !== 'trialing' && (
        <p role="status">Stripe has not confirmed the payment yet. The plan changes when it does.</p>
      )}
      {billing.is_suspended && billing.suspended_reason && (
        <p className="notice" role="status">
          This tenant is suspended: {billing.suspended_reason} Everything can be read, nothing can be changed.
        </p>
      )}
      {billing.grace_ends_at && (
        <p className="notice" role="status">
          The last payment failed. Everything works until <Day at={billing.grace_ends_at} />; after that
          writes are refused and what senders post is kept until it is paid.
        </p>
      )}
      {billing.payment_url && (
        <p>
          <a className="btn primary" href={billing.payment_url}>
            Pay the open invoice
          </a>
        </p>
      )}
      {next && (
        <p>
          {next.text}
          {next.amount_cents !== null && next.currency !== null && (
            <span className="num"> That is {money(next.amount_cents, next.currency)}.</span>
          )}
        </p>
      )}
      {billing.credit_cents > 0 && currency && (
        <p className="num">{money(billing.credit_cents, currency)} are taken off the next invoices.</p>
      )}
      {billing.running_change && (
        <p className="hint" role="status">
          Under way: {billing.running_change.replaceAll('_', ' ')}
        </p>
      )}
      {billing.mode === 'manual' && (
        <p className="hint">Ask the operators of this installation for another plan.</p>
      )}
      <p className="hint">
        What is used of it: <Link to="/settings/usage">Plan and usage</Link>
      </p>
      <SubscriptionActions billing={billing} />
    </section>
  );
}
