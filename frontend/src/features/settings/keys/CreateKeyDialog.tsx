import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useId, useState } from 'react';
import { newKey } from '../../../api/client';
import type { ApiKeyCreated } from '../../../api/types';
import { Dialog, DialogActions } from '../../../ui/Dialog';
import { Problem } from '../../../ui/Problem';
import { useAction } from '../../../ui/useAction';
import { createKey, SCOPES, type Scope } from './keysApi';

const DAYS = [
  { days: 30, words: '30 days' },
  { days: 90, words: '90 days' },
  { days: 365, words: 'one year' },
  { days: 0, words: 'never' },
];

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<Scope>('ingestion');
  const [days, setDays] = useState(365);
  const [rate, setRate] = useState('');
  const [made, setMade] = useState<ApiKeyCreated | null>(null);
  const [key] = useState(newKey);
  const action = useAction();
  const client = useQueryClient();
  const id = useId();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void action.run(async () => {
      const wanted = {
        name: name.trim(),
        scope,
        ...(days > 0 ? { expires_at: new Date(Date.now() + days * 86_400_000).toISOString() } : {}),
        ...(rate !== '' ? { rate_limit_rps: Number(rate) } : {}),
      };
      setMade(await createKey(wanted, key));
      await client.invalidateQueries({ queryKey: ['api-keys'] });
    });
  };
  if (made) {
    return <MadeKey made={made} onClose={onClose} />;
  }
  return (
    <Dialog title="Create API key" onClose={onClose} width={520}>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor={`${id}-name`}>Name</label>
          <input
            id={`${id}-name`}
            className="input"
            required
            maxLength={200}
            placeholder="Who uses it, and where"
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <fieldset className="scopes">
          <legend>It may</legend>
          {SCOPES.map((known) => (
            <label key={known.scope}>
              <input
                type="radio"
                name={`${id}-scope`}
                aria-label={known.name}
                aria-describedby={`${id}-${known.scope}`}
                checked={scope === known.scope}
                onChange={() => setScope(known.scope)}
              />
              {known.name}
              <span id={`${id}-${known.scope}`}>
                <span className="hint">{known.words}</span>
                <span className="hint mono">{known.opens}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <div className="field-row">
          <div className="field">
            <label htmlFor={`${id}-days`}>Ends after</label>
            <select
              id={`${id}-days`}
              className="input"
              value={days}
              onChange={(event) => setDays(Number(event.target.value))}
            >
              {DAYS.map((known) => (
                <option key={known.days} value={known.days}>
                  {known.words}
                </option>
              ))}
            </select>
          </div>
          <div className="field">
            <label htmlFor={`${id}-rate`}>Requests a second</label>
            <input
              id={`${id}-rate`}
              className="input num"
              type="number"
              min={1}
              placeholder="as the plan says"
              value={rate}
              onChange={(event) => setRate(event.target.value)}
            />
          </div>
        </div>
        <Problem what="The key was not made" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={action.busy}>
            Create API key
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** The only time that the key is there to be read. */
function MadeKey({ made, onClose }: { made: ApiKeyCreated; onClose: () => void }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(made.api_key);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  return (
    <Dialog title={`The key ${made.name}`} onClose={onClose} width={560}>
      <p>Copy it now: it is never shown again. Later only its beginning is, {made.prefix}</p>
      <p className="new-key mono">{made.api_key}</p>
      <p className="hint" role="status">
        {copied === true && 'The key is on the clipboard.'}
        {copied === false &&
          'The browser does not let this page write to the clipboard: select the key and copy it.'}
      </p>
      <DialogActions>
        <button type="button" className="btn" onClick={onClose}>
          Done
        </button>
        <button type="button" className="btn primary" data-focus="true" onClick={() => void copy()}>
          Copy key
        </button>
      </DialogActions>
    </Dialog>
  );
}
