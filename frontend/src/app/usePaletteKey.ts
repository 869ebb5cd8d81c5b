import { useEffect, useRef } from 'react';

/** Ctrl K (or Cmd K) works everywhere, also in text fields, but not over a dialog. */
export function usePaletteKey(open: () => void): void {
  const latest = useRef(open);
  useEffect(() => {
    latest.current = open;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const wanted = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'k';
      if (!wanted) {
        return;
      }
      event.preventDefault();
      if (!document.querySelector('dialog[open]')) {
        latest.current();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}
