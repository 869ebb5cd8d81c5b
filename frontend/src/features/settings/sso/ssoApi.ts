import { get, post, put, remove } from '../../../api/client';
import type { Scim, ScimTokenMade, Sso, SsoCheck, SsoConnection, SsoConnectionPut } from '../../../api/types';

const CONNECTION = '/api/auth/sso';
const SCIM_TOKEN = '/api/auth/sso/scim-token';

/** Of the caller's own tenant; only a super-admin names another. */
export function fetchSso(signal?: AbortSignal, tenantId?: string): Promise<Sso> {
  return get<Sso>(CONNECTION, { tenant_id: tenantId }, signal);
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

export function fetchScim(signal?: AbortSignal): Promise<Scim> {
  return get<Scim>(SCIM_TOKEN, {}, signal);
}

export function makeScimToken(): Promise<ScimTokenMade> {
  return post<ScimTokenMade>(SCIM_TOKEN);
}

export function removeScimToken(): Promise<unknown> {
  return remove(SCIM_TOKEN);
}
