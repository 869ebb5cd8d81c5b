import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { newKey } from '../../../api/client';
import type { Billing } from '../../../api/types';
import { ConfirmDialog } from '../../../ui/ConfirmDialog';
import { Problem } from '../../../ui/Problem';
import { Day } from '../../../ui/Time';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { cancelSubscription, openPortal, pauseSubscription, resumeSubscription } from './billingApi';

/** Only what may be done now is there. */
export function SubscriptionActions({ billing }: { billing: Billing }) {
  const [open, setOpen] = useState<'cancel' | 'pause' | null>(null);
  const action = useAction();
  const [key, setKey] = useState(newKey);
  const client = useQueryClient();
  const { actions } = billing;
  const done = async (said: string) => {
    await client.invalidateQueries({ queryKey: ['billing'] });
    setKey(newKey());
    tell(said);
  };
  const toPortal = () =>
    void action.run(async () => {
      location.assign((await openPortal()).url);
    });
  const resume = () =>
    void action.run(async () => {
      await resumeSubscription(key);
      await done('The subscription goes on');
    });
  const close = () => setOpen(null);
  const isBusy = action.busy || billing.running_change !== null;
  const ends = billing.current_period_ends_at;
  if (!Object.values({ ...actions, checkout: false, change: false }).includes(true)) {
    return null;
  }
  return (
    <>
      <Problem what="Nothing was changed" problem={action.problem} />
      <div className="row billing-actions">
        {actions.portal && (
          <button type="button" className="btn" aria-disabled={action.busy} onClick={toPortal}>
            Payment methods and addresses
          </button>
        )}
        {actions.resume && (
          <button type="button" className="btn primary" aria-disabled={isBusy} onClick={resume}>
            Resume subscription
          </button>
        )}
        {actions.pause && !billing.is_cancelled && (
          <button type="button" className="btn" onClick={() => setOpen('pause')}>
            Pause subscription
          </button>
        )}
        {actions.cancel && !billing.is_cancelled && (
          <button type="button" className="btn" onClick={() => setOpen('cancel')}>
            Cancel subscription
          </button>
        )}
      </div>
      {open === 'pause' && (
        <ConfirmDialog
          title="Pause subscription"
          verb="Pause subscription"
          act={() => pauseSubscription(key).then(() => done('The subscription is paused'))}
          onClose={close}
        >
          <p>
            Nothing is charged while it is paused. Reads stay; writes are refused, and what senders post is
            kept.
          </p>
        </ConfirmDialog>
      )}
      {open === 'cancel' && (
        <ConfirmDialog
          title="Cancel subscription"
          verb="Cancel subscription"
          act={() => cancelSubscription().then(() => done('The subscription ends with its period'))}
          onClose={close}
        >
          <p>
            {billing.plan} goes on until {ends ? <Day at={ends} /> : 'the end of the paid period'}, then the
            plan becomes free. Nothing is deleted; what exceeds the free plan’s limits stays and can’t grow.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
