// The five states of every panel: loading, empty (first time and filtered), error, no permission.
import './states.css';
import { type ReactNode, useEffect, useState } from 'react';
import { asApiError, sentence } from '../api/errors';

const STILL_LOADING_MS = 8_000;

type LoadingProps = { label: string; children: ReactNode; onCancel?: () => void };

/** Nothing for 150 ms, then a skeleton; after 8 s it says that it is still at it, with a way out. */
export function Loading({ label, children, onCancel }: LoadingProps) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), STILL_LOADING_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="loading" aria-busy="true">
      <p className="visually-hidden" role="status">
        Loading {label}
      </p>
      {slow && (
        <p className="row hint" style={{ padding: 'var(--sp-2) var(--sp-4)' }}>
          Still loading
          {onCancel && (
            <button type="button" className="btn" onClick={onCancel}>
              Cancel
            </button>
          )}
        </p>
      )}
      {children}
    </div>
  );
}

export function SkeletonRows({ rows, height }: { rows: number; height: number }) {
  return (
    <div aria-hidden="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move
        <div key={index} style={{ height, display: 'flex', alignItems: 'center', padding: '0 var(--sp-4)' }}>
          <span className="skeleton" style={{ width: `${55 + ((index * 37) % 40)}%` }} />
        </div>
      ))}
    </div>
  );
}

export function Refetching({ active }: { active: boolean }) {
  return active ? <div className="refetch" aria-hidden="true" /> : null;
}

type EmptyProps = { title: string; children?: ReactNode; actions?: ReactNode };

export function Empty({ title, children, actions }: EmptyProps) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}

type FailedProps = { what: string; error: unknown; stillWorks?: string; onRetry?: () => void };

/** What failed, what still works, the request's id, and a way to try again; or the permission that is missing. */
export function Failed({ what, error, stillWorks, onRetry }: FailedProps) {
  const problem = asApiError(error);
  if (problem.status === 403) {
    return <NoPermission what={what} detail={problem.message} />;
  }
  return (
    <div className="state" role="alert">
      <h2>{what} could not be loaded</h2>
      <p>{sentence(problem.message)}</p>
      {stillWorks && <p>{stillWorks}</p>}
      {problem.traceId && (
        <p className="hint">
          Request <span className="mono">{problem.traceId}</span>
        </p>
      )}
      {onRetry && (
        <button type="button" className="btn" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Somebody pressed Cancel while it was still loading. */
export function Stopped({ what, onRetry }: { what: string; onRetry: () => void }) {
  return (
    <div className="state">
      <h2>{what} were not loaded</h2>
      <p>You stopped it.</p>
      <button type="button" className="btn" onClick={onRetry}>
        Load again
      </button>
    </div>
  );
}

export function NoPermission({ what, detail }: { what: string; detail: string }) {
  return (
    <div className="state" role="alert">
      <h2>You may not see {what.toLowerCase()}</h2>
      <p>{sentence(detail)}</p>
      <p className="hint">
        {location.pathname.startsWith('/control')
          ? 'Your session may not do this; sign in again with your second factor.'
          : 'An admin of your tenant can give you a role that includes it.'}
      </p>
    </div>
  );
}
