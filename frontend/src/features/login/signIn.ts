import type { ApiError } from '../../api/errors';
import type { DemoAccount, Session } from '../../api/types';
import { sendForData } from '../../api/wire';

export type Realm = 'tenant' | 'control';

export function requestSession(credentials: {
  email: string;
  password: string;
  tenant_id?: string;
}): Promise<Session> {
  return sendForData<Session>({ method: 'POST', path: '/api/auth/token', body: credentials });
}

export async function requestDemoAccounts(realm: Realm): Promise<DemoAccount[]> {
  const answer = await sendForData<{ accounts: DemoAccount[] }>({ method: 'GET', path: '/api/demo' });
  return answer.accounts.filter((account) => (account.role === 'super_admin') === (realm === 'control'));
}

/** Asks a cheap question, to say early that nobody will answer the login. */
export async function isServerReachable(timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch('/readyz', { signal: AbortSignal.timeout(timeoutMs) });
    return response.status < 500;
  } catch {
    return false;
  }
}

export function loginProblem(error: ApiError): string {
  if (error.status === 401 || error.status === 404) {
    return 'Email or password is wrong.';
  }
  if (error.status === 429) {
    const minutes = Math.max(1, Math.ceil((error.retryAfterSeconds ?? 60) / 60));
    return `Too many tries. Wait ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, then try again.`;
  }
  if (error.status === 422) {
    return 'Enter your email address and your password.';
  }
  if (error.status === 0 || error.status >= 500) {
    return 'The server does not answer. Try again in a moment.';
  }
  return error.message;
}
