import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { post } from '../../../api/client';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { plural } from '../../../ui/plural';
import { tell } from '../../../ui/toasts';
import { useAction } from '../../../ui/useAction';
import type { Busy } from './busiest';

const HOURS = [
  { value: 1, words: 'for 1 hour' },
  { value: 4, words: 'for 4 hours' },
  { value: 24, words: 'for 1 day' },
  { value: 168, words: 'for 7 days' },
];
const HOUR_MS = 3_600_000;
const USUAL = 60;

/** Fewer requests a minute for a while; it ends by itself, and can be taken back on the tenant's page. */
export function ThrottleDialog({ tenant, onClose }: { tenant: Busy; onClose: () => void }) {
  const [most, setMost] = useState(String(USUAL));
  const [hours, setHours] = useState(HOURS[0]?.value ?? 1);
  const [reason, setReason] = useState('');
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await action.run(async () => {
      await post(`/api/tenants/${tenant.tenantId}/throttle`, {
        requests_per_minute: Number(most),
        reason: reason.trim(),
        ends_at: new Date(Date.now() + hours * HOUR_MS).toISOString(),
      });
      await client.invalidateQueries({ queryKey: ['tenant', tenant.tenantId] });
    });
    if (done) {
      tell(`${tenant.tenantId} is throttled ${HOURS.find((one) => one.value === hours)?.words}`);
      onClose();
    }
  };
  return (
    <Dialog title={`Throttle ${tenant.tenantId}`} onClose={onClose}>
      <form onSubmit={submit}>
        <p className="hint">
          It made {plural(tenant.requests, 'request')} in the last minute. Each of its people and keys is held
          to the number below within seconds; more is answered with 429. Keys with a rate of their own keep
          that, and what senders post is never refused.
        </p>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-most`}>Requests a minute, each</label>
            <input
              id={`${id}-most`}
              className="input num"
              type="number"
              min={1}
              required
              value={most}
              onChange={(event) => setMost(event.target.value)}
            />
          </div>
          <div className="field">
            <label htmlFor={`${id}-hours`}>How long</label>
            <select
              id={`${id}-hours`}
              className="input"
              value={hours}
              onChange={(event) => setHours(Number(event.target.value))}
            >
              {HOURS.map(({ value, words }) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        </div>
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
        <Problem what="Nothing was changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            Throttle {tenant.tenantId}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
