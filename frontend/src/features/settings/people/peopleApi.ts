import { get, patch, post, remove } from '../../../api/client';
import type { InvitationRead, InvitedAll, Page, Person, RolesRead } from '../../../api/types';

export type Role = Person['role'];

/** Without a tenant: one's own; so with everything here that takes one. */
export function fetchPeople(
  q: string,
  cursor: string | null,
  signal?: AbortSignal,
  tenantId?: string,
): Promise<Page<Person>> {
  return get<Page<Person>>('/api/users', { limit: 100, q, cursor, tenant_id: tenantId }, signal);
}

export function changePerson(id: string, change: { role?: Role; is_active?: boolean }): Promise<Person> {
  return patch<Person>(`/api/users/${id}`, change);
}

export function removePerson(id: string): Promise<unknown> {
  return remove(`/api/users/${id}`);
}

export function unlockPerson(id: string): Promise<unknown> {
  return post(`/api/users/${id}/unlock`);
}

export function resetFactor(id: string): Promise<unknown> {
  return post(`/api/users/${id}/reset-totp`);
}

export function fetchInvitations(signal?: AbortSignal, tenantId?: string): Promise<Page<InvitationRead>> {
  return get<Page<InvitationRead>>('/api/users/invitations', { limit: 200, tenant_id: tenantId }, signal);
}

export function invitationsOf(tenantId?: string): string[] {
  return tenantId ? ['tenant', tenantId, 'invitations'] : ['invitations'];
}

export function invite(emails: string[], role: Role, key: string, tenantId?: string): Promise<InvitedAll> {
  return post<InvitedAll>(`/api/users/invitations${of(tenantId)}`, { emails, role }, key);
}

export function resendInvitation(id: string, tenantId?: string): Promise<InvitedAll['items'][number]> {
  return post(`/api/users/invitations/${id}/resend${of(tenantId)}`);
}

export function revokeInvitation(id: string, tenantId?: string): Promise<unknown> {
  return remove(`/api/users/invitations/${id}`, { tenant_id: tenantId });
}

function of(tenantId?: string): string {
  return tenantId ? `?tenant_id=${encodeURIComponent(tenantId)}` : '';
}

export function fetchRoles(signal?: AbortSignal): Promise<RolesRead> {
  return get<RolesRead>('/api/auth/roles', {}, signal);
}
