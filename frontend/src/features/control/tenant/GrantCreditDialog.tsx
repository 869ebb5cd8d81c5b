import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { newKey, post } from '../../../api/client';
import type { CreditRead } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { money } from '../../../ui/money';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';

type Props = { tenantId: string; currency: string; onClose: () => void };

/** An amount off the next invoices, with its reason. */
export function GrantCreditDialog({ tenantId, currency, onClose }: Props) {
  const [amount, setAmount] = useState('');
  const [reason, setReason] = useState('');
  const [key] = useState(newKey);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const cents = Math.round(Number(amount) * 100);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const granted = await action.run(async () => {
      const body = { amount_cents: cents, currency, reason: reason.trim() };
      await post<CreditRead>(`/api/billing/credits?tenant_id=${encodeURIComponent(tenantId)}`, body, key);
      await client.invalidateQueries({ queryKey: ['tenant', tenantId] });
    });
    if (granted) {
      tell(`${money(cents, currency)} are taken off the next invoices`);
      onClose();
    }
  };
  return (
    <Dialog title="Grant credit" onClose={onClose}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-amount`}>Amount ({currency.toUpperCase()})</label>
          <input
            id={`${id}-amount`}
            className="input num"
            type="number"
            min="0.01"
            step="0.01"
            required
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-reason`}>Reason (the tenant's admins see it)</label>
          <input
            id={`${id}-reason`}
            className="input"
            required
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <Problem what="No credit was granted" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            {cents > 0 ? `Grant ${money(cents, currency)}` : 'Grant credit'}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
