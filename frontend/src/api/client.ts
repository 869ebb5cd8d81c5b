// Calls as the signed-in person. A token that ran out is renewed once, then the call is repeated.
// A gateway leads a request to its tenant's plane by `x-tenant-id`, which the server compares with the token.
import { type Credential, rejectToken, validCredential } from '../app/session';
import { ApiError } from './errors';
import type { Operation } from './graphql';
import { type Exchange, send, sendForFile } from './wire';

function signature({ token, tenantId }: Credential): Record<string, string> {
  const named: Record<string, string> = tenantId === null ? {} : { 'x-tenant-id': tenantId };
  return { authorization: `Bearer ${token}`, ...named };
}

async function sendSigned<Answer>(
  exchange: Exchange,
  sending: (signed: Exchange) => Promise<Answer>,
  attempts = 2,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    const credential = await validCredential();
    const headers = { ...exchange.headers, ...signature(credential) };
    try {
      return await sending({ ...exchange, headers });
    } catch (problem) {
      const tokenRefused = problem instanceof ApiError && problem.status === 401;
      if (!tokenRefused || attempt >= attempts) {
        throw problem;
      }
      rejectToken(credential.token);
    }
  }
}

export async function call<Data>(exchange: Exchange): Promise<Data> {
  const body = (await sendSigned(exchange, send)) as { data: Data } | null;
  return body?.data as Data; // a 204 has no body, and its callers expect none
}

/** For a body with a password in it: a 401 may be about that, and each wrong one that is sent counts. */
export async function callOnce<Data>(exchange: Exchange): Promise<Data> {
  const body = (await sendSigned(exchange, send, 1)) as { data: Data } | null;
  return body?.data as Data;
}

export function get<Data>(path: string, query?: Exchange['query'], signal?: AbortSignal): Promise<Data> {
  return call<Data>({ method: 'GET', path, query, signal });
}

export function download(path: string, query?: Exchange['query']): Promise<Blob> {
  return sendSigned({ method: 'GET', path, query }, sendForFile);
}

export function upload<Data>(path: string, file: Blob, query?: Exchange['query']): Promise<Data> {
  return call<Data>({ method: 'POST', path, query, body: file });
}

/** Give the same `key` to repeat a request that may have been carried out: it is then carried out once. */
export function post<Data>(path: string, body: unknown = {}, key = newKey()): Promise<Data> {
  const headers = { 'idempotency-key': key };
  return call<Data>({ method: 'POST', path, body, headers });
}

export function patch<Data>(path: string, body: unknown, version?: number): Promise<Data> {
  const headers: Record<string, string> = version === undefined ? {} : { 'if-match': `"${version}"` };
  return call<Data>({ method: 'PATCH', path, body, headers });
}

export function put<Data>(path: string, body: unknown): Promise<Data> {
  return call<Data>({ method: 'PUT', path, body });
}

export function remove<Data>(path: string, query?: Exchange['query']): Promise<Data> {
  return call<Data>({ method: 'DELETE', path, query });
}

type GraphQLBody<Answer> = {
  data?: Answer | null;
  errors?: { message: string; extensions?: { code?: string; status?: number; trace_id?: string } }[];
};

export async function graphql<Answer>(
  operation: Operation<Answer, Record<string, never>>,
  signal?: AbortSignal,
): Promise<Answer> {
  const exchange: Exchange = { method: 'POST', path: '/graphql', body: { query: operation }, signal };
  const body = (await sendSigned(exchange, send)) as GraphQLBody<Answer>;
  const first = body.errors?.[0];
  if (first || !body.data) {
    throw new ApiError({
      message: first?.message ?? 'The server sent no data',
      status: first?.extensions?.status ?? 500,
      code: first?.extensions?.code ?? 'ERROR',
      traceId: first?.extensions?.trace_id,
    });
  }
  return body.data;
}

export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') {
    return crypto.randomUUID();
  }
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}
