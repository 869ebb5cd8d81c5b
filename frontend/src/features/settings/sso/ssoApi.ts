import { get, post, put, remove } from '../../../api/client';
import { asApiError } from '../../../api/errors';
import type { ScimToken, ScimTokenMade, SsoCheck, SsoConnection, SsoConnectionPut } from '../../../api/types';

const CONNECTION = '/api/auth/sso';
const SCIM_TOKEN = '/api/auth/sso/scim-token';

/** Null where there is none yet. */
async function ifAny<Thing>(work: Promise<Thing>): Promise<Thing | null> {
  try {
    return await work;
  } catch (error) {
    if (asApiError(error).status === 404) {
      return null;
    }
    throw error;
  }
}

/** Of the caller's own tenant; only a super-admin names another. */
export function fetchConnection(signal?: AbortSignal, tenantId?: string): Promise<SsoConnection | null> {
  return ifAny(get<SsoConnection>(CONNECTION, { tenant_id: tenantId }, signal));
}

export function saveConnection(wanted: SsoConnectionPut): Promise<SsoConnection> {
  return put<SsoConnection>(CONNECTION, wanted);
}

export function removeConnection(): Promise<unknown> {
  return remove(CONNECTION);
}

export function testConnection(): Promise<SsoCheck> {
  return post<SsoCheck>(`${CONNECTION}/test`);
}

export function fetchScimToken(signal?: AbortSignal): Promise<ScimToken | null> {
  return ifAny(get<ScimToken>(SCIM_TOKEN, {}, signal));
}

export function makeScimToken(): Promise<ScimTokenMade> {
  return post<ScimTokenMade>(SCIM_TOKEN);
}

export function removeScimToken(): Promise<unknown> {
  return remove(SCIM_TOKEN);
}
