export type FieldProblem = { field: string; message: string };

/** What the server said when it refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly traceId: string | null;
  readonly fields: FieldProblem[];
  readonly retryAfterSeconds: number | null;

  constructor(facts: {
    message: string;
    status: number;
    code: string;
    traceId?: string | null;
    fields?: FieldProblem[];
    retryAfterSeconds?: number | null;
  }) {
    super(facts.message);
    this.name = 'ApiError';
    this.status = facts.status;
    this.code = facts.code;
    this.traceId = facts.traceId ?? null;
    this.fields = facts.fields ?? [];
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null;
  }
}

export function unreachable(): ApiError {
  return new ApiError({ message: 'The server could not be reached', status: 0, code: 'UNREACHABLE' });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError({ message, status: 0, code: 'ERROR' });
}

/** The message with exactly one full stop, to be followed by another sentence. */
export function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
