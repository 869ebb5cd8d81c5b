import './tag.css';
import type { ReactNode } from 'react';

/** A word with a shape and a colour that say the same: `ok` filled, `warn` half, `bad` a square, `off` a ring. */
export function Tag({ tone, children }: { tone: 'ok' | 'warn' | 'bad' | 'off'; children: ReactNode }) {
  return (
    <span className={`tag tag-${tone}`}>
      <span className="tag-mark" aria-hidden="true" />
      {children}
    </span>
  );
}
