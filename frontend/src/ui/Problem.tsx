import './dialog.css';
import { type ApiError, sentence } from '../api/errors';
import { withLocalTimes } from './age';

/** What was refused and why, in the server's words, beside what was asked for. */
export function Problem({ what, problem }: { what: string; problem: ApiError | null }) {
  if (!problem) {
    return null;
  }
  const fields = problem.fields.length > 1 ? problem.fields : [];
  return (
    <div className="notice" role="alert">
      <p>
        {what}: {sentence(withLocalTimes(problem.message))}
      </p>
      {fields.map((field) => (
        <p key={field.field}>
          {field.field}: {field.message}
        </p>
      ))}
      {problem.traceId && problem.status >= 500 && (
        <p className="hint">
          Request <span className="mono">{problem.traceId}</span>
        </p>
      )}
    </div>
  );
}
