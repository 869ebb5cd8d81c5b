import { get, patch, post, remove } from '../../../api/client';
import type { InvitationRead, InvitedAll, Page, Person, RolesRead } from '../../../api/types';

export type Role = Person['role'];

export function fetchPeople(q: string, cursor: string | null, signal?: AbortSignal): Promise<Page<Person>> {
  return get<Page<Person>>('/api/users', { limit: 100, q, cursor }, signal);
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

export function fetchInvitations(signal?: AbortSignal): Promise<Page<InvitationRead>> {
  return get<Page<InvitationRead>>('/api/users/invitations', { limit: 200 }, signal);
}

export function invite(emails: string[], role: Role, key: string): Promise<InvitedAll> {
  return post<InvitedAll>('/api/users/invitations', { emails, role }, key);
}

export function resendInvitation(id: string): Promise<InvitedAll['items'][number]> {
  return post(`/api/users/invitations/${id}/resend`);
}

export function revokeInvitation(id: string): Promise<unknown> {
  return remove(`/api/users/invitations/${id}`);
}

export function fetchRoles(signal?: AbortSignal): Promise<RolesRead> {
  return get<RolesRead>('/api/auth/roles', {}, signal);
}
