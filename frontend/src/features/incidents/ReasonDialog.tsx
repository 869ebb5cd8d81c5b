import { type SubmitEvent, useId, useState } from 'react';
import type { Incident } from '../../api/types';
import { Dialog, DialogActions } from '../../ui/Dialog';
import { addNote, changeIncident, resolveIncident } from './incidentsApi';

type Props = {
  kind: 'resolve' | 'reopen';
  incident: Incident;
  run: (act: () => Promise<Incident | undefined>) => Promise<boolean>;
  onClose: () => void;
};

const WORDS = {
  resolve: { verb: 'Resolve', label: 'Resolution note', hint: 'What ended it, and how you know' },
  reopen: { verb: 'Reopen', label: 'Why it is open again', hint: 'What came back' },
};

/** Resolve asks what ended it, Reopen asks why. */
export function ReasonDialog({ kind, incident, run, onClose }: Props) {
  const [text, setText] = useState('');
  const [missing, setMissing] = useState(false);
  const id = useId();
  const words = WORDS[kind];
  const title = `${words.verb} ${incident.reference}`;

  const act = async (): Promise<Incident> => {
    if (kind === 'resolve') {
      return resolveIncident(incident.reference, text.trim());
    }
    const reopened = await changeIncident(incident.reference, { status: 'reopened' }, incident.version);
    await addNote(incident.reference, `Reopened: ${text.trim()}`);
    return reopened;
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!text.trim()) {
      setMissing(true);
      return;
    }
    onClose();
    await run(act);
  };

  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <p className="muted" dir="auto">
          {incident.title}
        </p>
        <div className="field">
          <label htmlFor={id}>{words.label}</label>
          <textarea
            id={id}
            className="input"
            placeholder={words.hint}
            value={text}
            aria-invalid={missing}
            aria-describedby={missing ? `${id}-missing` : undefined}
            onChange={(event) => {
              setText(event.target.value);
              setMissing(false);
            }}
          />
          {missing && (
            <p id={`${id}-missing`} className="bad" role="alert">
              Write one sentence: whoever reads this later needs it.
            </p>
          )}
        </div>
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="btn primary">
            {title}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
