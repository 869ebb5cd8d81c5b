import { type ReactNode, type SubmitEvent, useId, useState } from 'react';
import { Dialog, DialogActions } from './Dialog';
import { Problem } from './Problem';
import { useAction } from './useAction';

type Props = {
  title: string;
  /** The verb on the button, with its object: "Delete Acme". */
  verb: string;
  /** The effect, in words and numbers. */
  children: ReactNode;
  /** What has to be typed before the button works. */
  typed?: string;
  /** Asked for when set; `required` as the label says. */
  reason?: { label: string; required: boolean };
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
};

/** For what can't be taken back, or not at once: says who is affected and how, before it happens. */
export function ConfirmDialog({ title, verb, children, typed, reason, act, onClose }: Props) {
  const [typing, setTyping] = useState('');
  const [why, setWhy] = useState('');
  const action = useAction();
  const id = useId();
  const ready = (typed === undefined || typing === typed) && (!reason?.required || why.trim() !== '');

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (ready && (await action.run(() => act(why.trim())))) {
      onClose();
    }
  };

  return (
    <Dialog title={title} onClose={onClose} width={480}>
      <form onSubmit={submit}>
        {children}
        {reason && (
          <div className="field">
            <label htmlFor={`${id}-why`}>{reason.label}</label>
            <input
              id={`${id}-why`}
              className="input"
              required={reason.required}
              maxLength={200}
              value={why}
              onChange={(event) => setWhy(event.target.value)}
            />
          </div>
        )}
        {typed !== undefined && (
          <div className="field">
            <label htmlFor={`${id}-typed`}>
              Type <span className="mono">{typed}</span> to confirm
            </label>
            <input
              id={`${id}-typed`}
              className="input mono"
              autoComplete="off"
              spellCheck={false}
              value={typing}
              onChange={(event) => setTyping(event.target.value)}
            />
          </div>
        )}
        <Problem what="Nothing was changed" problem={action.problem} />
        <DialogActions>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className={typed === undefined ? 'btn primary' : 'btn danger'}
            aria-disabled={!ready || action.busy}
          >
            {verb}
          </button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
