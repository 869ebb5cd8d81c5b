// One HTTP exchange in the contract's words: {"data"} on success, {"error", "code", "trace_id"} otherwise.
import { ApiError, type FieldProblem, unreachable } from './errors';

export type QueryValue = string | number | boolean | undefined | null | readonly string[];

export type Exchange = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, QueryValue>;
  /** A file goes as it is, everything else as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

type ErrorBody = {
  error?: string;
  code?: string;
  trace_id?: string;
  detail?: string;
  errors?: FieldProblem[];
};

export function queryString(query: Record<string, QueryValue> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (Array.isArray(value)) {
      for (const one of value) {
        search.append(key, one);
      }
    } else if (value !== undefined && value !== null && value !== '') {
      search.set(key, String(value));
    }
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function toError(response: Response, body: unknown): ApiError {
  const facts: ErrorBody = body !== null && typeof body === 'object' ? body : {};
  const retryAfter = Number(response.headers.get('retry-after'));
  return new ApiError({
    message: facts.detail ?? facts.error ?? `The server answered ${response.status}`,
    status: response.status,
    code: facts.code ?? 'ERROR',
    traceId: facts.trace_id ?? response.headers.get('x-trace-id'),
    fields: facts.errors,
    retryAfterSeconds: retryAfter > 0 ? retryAfter : null,
  });
}

/** A 2xx answer. Throws ApiError for everything else, and lets an abort through as it is. */
async function answerTo(exchange: Exchange): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...exchange.headers };
  const file = exchange.body instanceof Blob ? exchange.body : null;
  if (exchange.body !== undefined) {
    headers['content-type'] = file ? 'application/octet-stream' : 'application/json';
  }
  let response: Response;
  try {
    response = await fetch(exchange.path + queryString(exchange.query), {
      method: exchange.method,
      headers,
      body: file ?? (exchange.body === undefined ? undefined : JSON.stringify(exchange.body)),
      signal: exchange.signal,
    });
  } catch (problem) {
    if (exchange.signal?.aborted) {
      throw problem;
    }
    throw unreachable();
  }
  if (!response.ok) {
    throw toError(response, await readJson(response));
  }
  return response;
}

/** Its parsed body. */
export async function send(exchange: Exchange): Promise<unknown> {
  return readJson(await answerTo(exchange));
}

/** Its body as a file. */
export async function sendForFile(exchange: Exchange): Promise<Blob> {
  return (await answerTo(exchange)).blob();
}

export async function sendForData<Data>(exchange: Exchange): Promise<Data> {
  const body = (await send(exchange)) as { data: Data };
  return body.data;
}
