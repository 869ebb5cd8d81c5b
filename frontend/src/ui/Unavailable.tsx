import { BrandMark } from './Brand';

/** The whole page, when the server does not answer before anything could be shown. */
export function Unavailable({ onRetry, onSignOut }: { onRetry: () => void; onSignOut: () => void }) {
  return (
    <main className="login">
      <div className="login-card" role="alert">
        <div className="row">
          <BrandMark size={24} />
          <h1>Opsplane does not answer</h1>
        </div>
        <p className="muted">You are still signed in, and nothing was lost.</p>
        <div className="row">
          <button type="button" className="btn primary" onClick={onRetry}>
            Try again
          </button>
          <button type="button" className="btn" onClick={onSignOut}>
            Sign out
          </button>
        </div>
      </div>
    </main>
  );
}
