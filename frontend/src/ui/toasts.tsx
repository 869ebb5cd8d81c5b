import { useSyncExternalStore } from 'react';

type Toast = { id: number; text: string; failed: boolean };

const SHOWN_MS = 6_000;
let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) {
    listener();
  }
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

function show(text: string, failed: boolean): void {
  const id = nextId;
  nextId += 1;
  set([...toasts.slice(-2), { id, text, failed }]);
  if (!failed) {
    setTimeout(() => dismiss(id), SHOWN_MS);
  }
}

/** Says what was done; goes away by itself. */
export function tell(text: string): void {
  show(text, false);
}

/** Says what did not work; stays until it is dismissed. */
export function tellFailure(text: string): void {
  show(text, true);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={toast.failed ? 'toast failed' : 'toast'}>
          <p>{toast.text}</p>
          <button
            type="button"
            className="btn ghost square"
            aria-label="Dismiss message"
            onClick={() => dismiss(toast.id)}
          >
            ✕
          </button>
        </div>
      ))}
    </section>
  );
}
