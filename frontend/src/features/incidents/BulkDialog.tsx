import { type SubmitEvent, useId, useState } from 'react';
import type { Incident, Severity } from '../../api/types';
import { applyIncident } from '../../app/liveCache';
import { queryClient } from '../../app/queryClient';
import { Dialog, DialogActions } from '../../ui/Dialog';
import { tell } from '../../ui/toasts';
import { AssigneeField } from './AssigneeField';
import { type BulkResult, bulkWords, runBulk } from './bulk';
import { acknowledgeIncident, changeIncident, resolveIncident } from './incidentsApi';
import { SeverityField } from './SeverityField';

export type BulkKind = 'acknowledge' | 'resolve' | 'assign' | 'severity';

type Props = { kind: BulkKind; targets: readonly Incident[]; onClose: () => void };

const VERBS: Record<BulkKind, string> = {
  acknowledge: 'Acknowledge',
  resolve: 'Resolve',
  assign: 'Assign',
  severity: 'Change severity of',
};

const DONE: Record<BulkKind, (what: string) => string> = {
  acknowledge: (what) => `${what} acknowledged`,
  resolve: (what) => `${what} resolved`,
  assign: (what) => `${what} assigned`,
  severity: (what) => `Severity of ${what} changed`,
};

export function BulkDialog({ kind, targets: given, onClose }: Props) {
  // The selection may change behind the dialog; what was asked about does not.
  const [targets] = useState(given);
  const [assignee, setAssignee] = useState('');
  const [severity, setSeverity] = useState<Severity>(targets[0]?.severity ?? 'medium');
  const [note, setNote] = useState('');
  const [done, setDone] = useState<number | null>(null);
  const [results, setResults] = useState<BulkResult[] | null>(null);
  const noteId = useId();
  const one = targets.length === 1 ? targets[0] : undefined;
  const what = one ? one.reference : `${targets.length.toLocaleString('en')} incidents`;
  const title = `${VERBS[kind]} ${what}`;

  const act = (incident: Incident): Promise<Incident> => {
    switch (kind) {
      case 'acknowledge':
        return acknowledgeIncident(incident.id);
      case 'resolve':
        return resolveIncident(incident.id, note.trim());
      case 'assign':
        return changeIncident(incident.id, { assignee: assignee.trim() || null });
      case 'severity':
        return changeIncident(incident.id, { severity });
    }
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (done !== null) {
      return;
    }
    setDone(0);
    const outcome = await runBulk(targets, act, setDone);
    for (const result of outcome) {
      if (result.refused === null) {
        applyIncident(queryClient, result.incident);
      }
    }
    queryClient.invalidateQueries({ queryKey: ['overview'] });
    queryClient.invalidateQueries({ queryKey: ['timeline'] });
    if (outcome.every((result) => result.refused === null)) {
      tell(DONE[kind](what));
      onClose();
    } else {
      setResults(outcome);
    }
  };

  if (results) {
    return <Results title={title} results={results} onClose={onClose} />;
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        {one ? (
          <p className="muted" dir="auto">
            {one.title}
          </p>
        ) : (
          <Sample targets={targets} />
        )}
        {kind === 'assign' && <AssigneeField value={assignee} onChange={setAssignee} />}
        {kind === 'severity' && <SeverityField value={severity} onChange={setSeverity} />}
        {kind === 'resolve' && (
          <div className="field">
            <label htmlFor={noteId}>Resolution note</label>
            <textarea
              id={noteId}
              className="input"
              required
              value={note}
              placeholder="What ended it"
              onChange={(event) => setNote(event.target.value)}
            />
          </div>
        )}
        {done !== null && (
          <p role="status" className="num">
            {done} of {targets.length}
          </p>
        )}
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary" aria-disabled={done !== null}>
            {title}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Sample({ targets }: { targets: readonly Incident[] }) {
  const shown = targets.slice(0, 5);
  const more = targets.length - shown.length;
  return (
    <ul className="sample">
      {shown.map((incident) => (
        <li key={incident.id} className="clip" dir="auto">
          <span className="mono">{incident.reference}</span> {incident.title}
        </li>
      ))}
      {more > 0 && <li>and {more.toLocaleString('en')} more</li>}
    </ul>
  );
}

function Results(props: { title: string; results: readonly BulkResult[]; onClose: () => void }) {
  const refused = props.results.filter((result) => result.refused !== null);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <p role="alert">{bulkWords(props.results)}</p>
      <ul className="sample">
        {refused.map((result) => (
          <li key={result.incident.id}>
            <span className="mono">{result.incident.reference}</span> {result.refused}
          </li>
        ))}
      </ul>
      <DialogActions>
        <button type="button" className="btn primary" onClick={props.onClose}>
          Close
        </button>
      </DialogActions>
    </Dialog>
  );
}
