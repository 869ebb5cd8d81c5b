// Who is signed in, and a valid access token for every call. Refresh tokens rotate and may be used only once, so tabs
// take turns (a Web Lock), and whoever comes second finds the fresh session of the first instead of refreshing again.
// For the same reason a reload takes up the session that is kept: it never refreshes without need.
import { useSyncExternalStore } from 'react';
import { ApiError } from '../api/errors';
import type { Session, User } from '../api/types';
import { sendForData } from '../api/wire';
import { forgetDrafts } from './drafts';
import { endImpersonation, impersonationToken } from './impersonation';
import { forgetSession, type KeptSession, keepSession, keptSession } from './sessionVault';

/** What a request is signed with, and the tenant that it is for: none in the console. Both are of one session. */
export type Credential = { token: string; tenantId: string | null };

export type SessionState =
  | { status: 'signed-out'; user: null }
  | { status: 'active'; user: User }
  | { status: 'expired'; user: User };

const RENEW_BEFORE_EXPIRY_MS = 60_000;
const SHORTEST_WAIT_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const realm = location.pathname.startsWith('/control') ? 'control' : 'tenant';

const HOME = realm === 'control' ? '/control/tenants' : '/';

let state: SessionState = { status: 'signed-out', user: null };
let current: KeptSession | null = null;
let rejectedToken = '';
let renewTimer: ReturnType<typeof setTimeout> | undefined;
let renewing: Promise<void> | null = null;
const listeners = new Set<() => void>();

function change(next: SessionState): void {
  state = next;
  for (const listener of listeners) {
    listener();
  }
}

export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentSession(): SessionState {
  return state;
}

export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, currentSession);
}

/** How long before its end a token counts as used up: a minute, but never most of a short life. */
function margin(session: Session): number {
  return Math.min(RENEW_BEFORE_EXPIRY_MS, session.expires_in * 250);
}

function isUsable(session: KeptSession | null): session is KeptSession {
  return (
    session !== null && session.token !== rejectedToken && Date.now() < session.expires_at - margin(session)
  );
}

/** Another tab changed the tenant, or somebody else signed in there: what this page shows is not theirs. */
function belongsToAnother(session: KeptSession): boolean {
  const user = state.user;
  return user !== null && (user.id !== session.user.id || user.tenant_id !== session.user.tenant_id);
}

function adopt(session: KeptSession): void {
  if (belongsToAnother(session)) {
    location.assign(HOME);
    return;
  }
  current = session;
  clearTimeout(renewTimer);
  const wait = Math.max(SHORTEST_WAIT_MS, session.expires_at - margin(session) - Date.now());
  renewTimer = setTimeout(() => renew().catch(() => undefined), Math.min(wait, LONGEST_TIMER_MS));
  change({ status: 'active', user: session.user });
}

/** Takes over the answer of a login or a refresh. It is kept before anything else happens. */
export async function beginSession(session: Session): Promise<void> {
  const kept = { ...session, expires_at: Date.now() + session.expires_in * 1000 };
  await keepSession(realm, kept);
  adopt(kept);
}

function expire(): void {
  current = null;
  clearTimeout(renewTimer);
  if (state.user) {
    change({ status: 'expired', user: state.user });
  }
}

function takingTurns<Result>(work: () => Promise<Result>): Promise<Result> {
  if (!navigator.locks) {
    return work();
  }
  return navigator.locks.request(`opsplane.session.${realm}`, work);
}

async function refresh(kept: KeptSession, tenantId?: string): Promise<void> {
  const body = { refresh_token: kept.refresh_token, ...(tenantId ? { tenant_id: tenantId } : {}) };
  try {
    await beginSession(await sendForData<Session>({ method: 'POST', path: '/api/auth/refresh', body }));
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 401) {
      await forgetSession(realm);
      expire();
    }
    throw problem;
  }
}

/** A stay in a tenant has one token and no other: it is asked about once, and ends by itself. */
async function takeUp(token: string): Promise<void> {
  if (current?.token === token) {
    if (isUsable(current)) {
      return;
    }
    expire();
    throw new ApiError({ message: 'This impersonation has ended', status: 401, code: 'UNAUTHORIZED' });
  }
  const headers = { authorization: `Bearer ${token}` };
  const user = await sendForData<User>({ method: 'GET', path: '/api/auth/me', headers });
  const ends = Date.parse(user.acting_as?.ends_at ?? '');
  current = { token, refresh_token: '', expires_in: (ends - Date.now()) / 1000, expires_at: ends, user };
  change({ status: 'active', user });
}

async function renewInTurn(): Promise<void> {
  const stay = impersonationToken();
  if (stay) {
    return takeUp(stay);
  }
  const kept = (await keptSession(realm)) ?? current;
  if (!kept) {
    expire();
    throw new ApiError({ message: 'Not signed in', status: 401, code: 'UNAUTHORIZED' });
  }
  if (isUsable(kept)) {
    adopt(kept);
  } else {
    await refresh(kept);
  }
}

/** Makes the session usable. Rejects with 401 when the person has to sign in again. */
export function renew(): Promise<void> {
  renewing ??= takingTurns(renewInTurn).finally(() => {
    renewing = null;
  });
  return renewing;
}

export function switchTenant(tenantId: string): Promise<void> {
  return takingTurns(async () => {
    const kept = (await keptSession(realm)) ?? current;
    if (kept) {
      await refresh(kept, tenantId);
    }
  });
}

function untilActive(): Promise<void> {
  return new Promise((resolve) => {
    const stop = subscribe(() => {
      if (state.status === 'active') {
        stop();
        resolve();
      }
    });
  });
}

/** One that is valid now. Waits, without giving up, while the person signs in again. */
export async function validCredential(): Promise<Credential> {
  if (!isUsable(current)) {
    try {
      await renew();
    } catch (problem) {
      if (state.status !== 'expired') {
        throw problem;
      }
      await untilActive();
    }
  }
  return { token: current?.token ?? '', tenantId: current?.user.tenant_id ?? null };
}

/** The server did not accept the token: the next call gets a new one. */
export function rejectToken(token: string): void {
  rejectedToken = token;
}

export async function signOut(): Promise<void> {
  clearTimeout(renewTimer);
  endImpersonation();
  forgetDrafts();
  await takingTurns(async () => {
    const kept = (await keptSession(realm)) ?? current;
    await forgetSession(realm);
    if (kept) {
      const farewell = {
        method: 'POST',
        path: '/api/auth/logout',
        body: { refresh_token: kept.refresh_token },
      } as const;
      await sendForData(farewell).catch(() => undefined);
    }
  });
  location.assign(realm === 'control' ? '/control/login' : '/login');
}
