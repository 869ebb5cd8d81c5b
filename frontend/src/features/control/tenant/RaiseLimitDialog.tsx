import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { post } from '../../../api/client';
import type { GrantedLimit, LimitUsage } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import { limitInSentence, limitValue, limitWords } from '../limits';

/** What is known of the limit that is to be set; the fleet's list does not know the plan's. */
export type KnownLimit = Pick<LimitUsage, 'limit_name' | 'used' | 'limit'> &
  Partial<Pick<LimitUsage, 'plan_limit'>>;

type Props = { tenantId: string; tenantName: string; limit: KnownLimit; onClose: () => void };

/** Another limit than the plan's, with a reason and, if wanted, an end. */
export function RaiseLimitDialog({ tenantId, tenantName, limit, onClose }: Props) {
  const [value, setValue] = useState(String(limit.limit ?? ''));
  const [unlimited, setUnlimited] = useState(false);
  const [reason, setReason] = useState('');
  const [ends, setEnds] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const words = limitWords(limit.limit_name);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const granted = await action.run(async () => {
      await post<GrantedLimit>(`/api/tenants/${tenantId}/limits`, {
        limit_name: limit.limit_name,
        value: unlimited ? null : Number(value),
        reason: reason.trim(),
        ...(ends ? { ends_at: new Date(`${ends}T23:59:59`).toISOString() } : {}),
      });
      await Promise.all([
        client.invalidateQueries({ queryKey: ['tenant', tenantId] }),
        client.invalidateQueries({ queryKey: ['fullest'] }),
      ]);
    });
    if (granted) {
      tell(`${words}: the new limit counts`);
      onClose();
    }
  };
  return (
    <Dialog title={`Set ${limitInSentence(limit.limit_name)} of ${tenantName}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="hint">
          {limit.plan_limit !== undefined &&
            `The plan of ${tenantName} says ${limitValue(limit.plan_limit)}. `}
          {limit.used !== null &&
            `${limit.used.toLocaleString('en')} are used of the ${limitValue(limit.limit)} that count now. `}
          It counts within seconds, and instead of the plan's.
        </p>
        <div className="field">
          <label htmlFor={`${id}-value`}>New limit</label>
          <input
            id={`${id}-value`}
            className="input num"
            type="number"
            min={0}
            required={!unlimited}
            disabled={unlimited}
            value={unlimited ? '' : value}
            onChange={(event) => setValue(event.target.value)}
          />
        </div>
        <label className="row">
          <input
            type="checkbox"
            checked={unlimited}
            onChange={(event) => setUnlimited(event.target.checked)}
          />
          No limit
        </label>
        <div className="field">
          <label htmlFor={`${id}-reason`}>Reason (goes to the audit log)</label>
          <input
            id={`${id}-reason`}
            className="input"
            required
            maxLength={200}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor={`${id}-ends`}>Until (empty: until it is taken back)</label>
          <input
            id={`${id}-ends`}
            className="input"
            type="date"
            value={ends}
            onChange={(event) => setEnds(event.target.value)}
          />
        </div>
        <Problem what="The limit was not changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            Set limit
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
