import { useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useEffect, useId, useRef, useState } from 'react';
import { asApiError, sentence } from '../../api/errors';
import type { TimelineEntry } from '../../api/types';
import { useKeys } from '../../app/keys';
import { addNote } from './incidentsApi';

function draftKey(reference: string): string {
  return `opsplane.draft.${reference}`;
}

/** Markdown, Ctrl+Enter sends, the draft survives a reload, and the time can be set back. */
export function NoteComposer({ reference }: { reference: string }) {
  const client = useQueryClient();
  const [text, setText] = useState(() => localStorage.getItem(draftKey(reference)) ?? '');
  const [happenedAt, setHappenedAt] = useState<string | null>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();

  useEffect(() => {
    if (text) {
      localStorage.setItem(draftKey(reference), text);
    } else {
      localStorage.removeItem(draftKey(reference));
    }
  }, [text, reference]);
  useKeys({ n: () => field.current?.focus() });

  const send = async () => {
    if (busy || !text.trim()) {
      return;
    }
    setBusy(true);
    setProblem('');
    try {
      const at = happenedAt ? new Date(happenedAt).toISOString() : undefined;
      const entry = await addNote(reference, text.trim(), at);
      setText('');
      setHappenedAt(null);
      client.setQueriesData<TimelineEntry[]>({ queryKey: ['timeline', reference] }, (known) =>
        known?.some((one) => one.id === entry.id) ? known : [...(known ?? []), entry],
      );
      client.invalidateQueries({ queryKey: ['timeline'] });
    } catch (error) {
      setProblem(asApiError(error).message);
    } finally {
      setBusy(false);
      field.current?.focus();
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void send();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor={id} className="visually-hidden">
        Note
      </label>
      <textarea
        ref={field}
        id={id}
        className="input"
        placeholder="Write a note: **bold**, `code`, [link](https://…)"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void send();
          } else if (event.key === 'Escape') {
            field.current?.blur();
          }
        }}
      />
      {problem && (
        <p className="notice" role="alert">
          The note was not sent: {sentence(problem)} It is kept here.
        </p>
      )}
      <div className="row composer-row">
        {happenedAt === null ? (
          <button type="button" className="btn ghost" onClick={() => setHappenedAt(localNow())}>
            It happened earlier
          </button>
        ) : (
          <>
            <label className="row">
              Happened at
              <input
                className="input"
                type="datetime-local"
                step={1}
                max={localNow()}
                value={happenedAt}
                onChange={(event) => setHappenedAt(event.target.value)}
              />
            </label>
            <button type="button" className="btn ghost" onClick={() => setHappenedAt(null)}>
              Now instead
            </button>
          </>
        )}
        <button type="submit" className="btn push" disabled={!text.trim()} aria-disabled={busy}>
          Add note <kbd>Ctrl Enter</kbd>
        </button>
      </div>
    </form>
  );
}

/** As a datetime-local field writes it. */
function localNow(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
