import type { ApiError } from '../../api/errors';
import { sentence } from '../../api/errors';
import type {
  DemoAccount,
  FoundConnections,
  InvitationPreview,
  MailOnItsWay,
  Registered,
  RegistrationRead,
  Session,
} from '../../api/types';
import { queryString, sendForData } from '../../api/wire';

export type Realm = 'tenant' | 'control';

export type Credentials = {
  email: string;
  password: string;
  tenant_id?: string;
  otp?: string;
  invitation?: string;
};

function ask<Data>(path: string, body: unknown): Promise<Data> {
  return sendForData<Data>({ method: 'POST', path, body });
}

export function requestSession(credentials: Credentials): Promise<Session> {
  return ask<Session>('/api/auth/token', credentials);
}

/** Of somebody who came in by the wrong door; it would end by itself, only later. */
export function endSession(session: Session): Promise<unknown> {
  return ask('/api/auth/logout', { refresh_token: session.refresh_token }).catch(() => undefined);
}

/** The same session in another tenant: a code that was used once could not be used to sign in again. */
export function moveSession(session: Session, tenantId: string): Promise<Session> {
  return ask<Session>('/api/auth/refresh', { refresh_token: session.refresh_token, tenant_id: tenantId });
}

export async function requestDemoAccounts(realm: Realm): Promise<DemoAccount[]> {
  const answer = await sendForData<{ accounts: DemoAccount[] }>({ method: 'GET', path: '/api/demo' });
  return answer.accounts.filter((account) => (account.role === 'super_admin') === (realm === 'control'));
}

/** The providers that serve the domain of an address; it says nothing about people. */
export async function findConnections(email: string): Promise<FoundConnections['connections']> {
  const path = `/api/auth/sso/discover${queryString({ email })}`;
  return (await sendForData<FoundConnections>({ method: 'GET', path })).connections;
}

export function exchangeCode(code: string): Promise<Session> {
  return ask<Session>('/api/auth/sso/exchange', { code });
}

export function requestReset(email: string): Promise<MailOnItsWay> {
  return ask<MailOnItsWay>('/api/auth/forgot-password', { email });
}

export function setPassword(token: string, password: string): Promise<unknown> {
  return ask('/api/auth/reset-password', { token, password });
}

export function readInvitation(token: string): Promise<InvitationPreview> {
  return ask<InvitationPreview>('/api/auth/invitations/preview', { token });
}

type ByInvitation = { token: string };
type Openly = { email: string };

export function register(
  account: (ByInvitation | Openly) & { name: string; password: string },
): Promise<Registered> {
  return ask<Registered>('/api/auth/register', account);
}

export async function isRegistrationOpen(): Promise<boolean> {
  return (await sendForData<RegistrationRead>({ method: 'GET', path: '/api/auth/register' })).is_open;
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
  if (error.code === 'ACCOUNT_LOCKED' || error.code === 'OTP_INVALID' || error.code === 'SSO_REQUIRED') {
    return sentence(error.message);
  }
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
