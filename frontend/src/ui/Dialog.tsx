import './dialog.css';
import { type ReactNode, useEffect, useId, useRef } from 'react';

type Props = {
  title: string;
  children: ReactNode;
  /** Absent: the dialog cannot be dismissed. */
  onClose?: () => void;
  width?: number;
};

/** A native modal dialog: the browser keeps focus inside; we give it back to what opened it. */
export function Dialog({ title, children, onClose, width = 440 }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  useEffect(() => {
    const dialog = box.current;
    const opener = document.activeElement;
    dialog?.showModal();
    focusWhereWorkStarts(dialog);
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement && opener.isConnected) {
        opener.focus();
      }
    };
  }, []);

  return (
    <dialog
      ref={box}
      className="dialog"
      aria-labelledby={titleId}
      style={{ maxWidth: `min(${width}px, calc(100vw - 24px))` }}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          onClose?.();
        }
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {onClose && (
          <button type="button" className="btn ghost square push" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        )}
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

/** The browser would choose the close button: the marked field, the first field or the primary button is meant. */
function focusWhereWorkStarts(dialog: HTMLDialogElement | null): void {
  const wanted = ['[data-focus=true]', 'input, textarea, select', '.btn.primary', 'button'];
  for (const selector of wanted) {
    const found = dialog?.querySelector<HTMLElement>(`.dialog-body :is(${selector})`);
    if (found) {
      found.focus();
      return;
    }
  }
}

export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="dialog-actions">{children}</div>;
}
