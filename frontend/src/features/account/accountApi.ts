import { callOnce, get, patch, post, remove } from '../../api/client';
import type { FactorBegun, Page, RecoveryCodes, SessionRead, User } from '../../api/types';

export function fetchProfile(signal?: AbortSignal): Promise<User> {
  return get<User>('/api/auth/me', {}, signal);
}

export function saveProfile(change: { name?: string; time_zone?: string | null }): Promise<User> {
  return patch<User>('/api/auth/me', change);
}

export function changePassword(change: { old_password: string; new_password: string }) {
  return callOnce<{ sessions_ended: number }>({
    method: 'POST',
    path: '/api/auth/change-password',
    body: change,
  });
}

export function beginFactor(password: string): Promise<FactorBegun> {
  return callOnce<FactorBegun>({ method: 'POST', path: '/api/auth/totp', body: { password } });
}

export function confirmFactor(code: string): Promise<RecoveryCodes> {
  return post<RecoveryCodes>('/api/auth/totp/confirm', { code });
}

export function removeFactor(proof: { password: string; otp: string }): Promise<unknown> {
  return callOnce({ method: 'DELETE', path: '/api/auth/totp', body: proof });
}

export function fetchSessions(signal?: AbortSignal): Promise<Page<SessionRead>> {
  return get<Page<SessionRead>>('/api/auth/sessions', { limit: 100 }, signal);
}

export function endSession(id: string): Promise<unknown> {
  return remove(`/api/auth/sessions/${id}`);
}
