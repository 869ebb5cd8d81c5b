import type { ApiKey } from '../../../api/types';

export const UNUSED_DAYS = 90;

export function keyState(key: ApiKey, now: number): 'active' | 'unused' | 'expired' | 'revoked' {
  if (key.revoked_at) {
    return 'revoked';
  }
  if (key.expires_at && Date.parse(key.expires_at) <= now) {
    return 'expired';
  }
  const seen = Date.parse(key.last_used_at ?? key.created_at);
  return now - seen > UNUSED_DAYS * 86_400_000 ? 'unused' : 'active';
}
