// The WebSocket. It only listens: events patch what is on the page, commands go over REST.
import type { Incident } from '../api/types';
import { queryString } from '../api/wire';
import {
  type Credential,
  currentSession,
  subscribe as onSessionChange,
  rejectToken,
  validCredential,
} from './session';
import { createStore, useStore } from './store';

export type LiveEvent =
  | { type: 'incident.changed'; event_id: string; created: boolean; incident: Incident }
  | { type: 'alerts.changed'; event_id: string; count: number }
  | { type: 'timeline.added'; incident_id: string };

export type LiveState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'reconnecting'; since: number }
  | { kind: 'offline'; dataFrom: number };

type Handlers = { onEvent: (event: LiveEvent) => void; catchUp: () => Promise<void> };
type Message = LiveEvent | { type: 'ready' } | { type: 'ping' };

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 8_000;
const OFFLINE_AFTER_MS = 30_000;
const SILENCE_MS = 45_000;
const NOT_SIGNED_IN = 4401;

const state = createStore<LiveState>({ kind: 'connecting' });
let handlers: Handlers | null = null;
let socket: WebSocket | null = null;
let attempts = 0;
let lostAt = 0;
let hasBeenLive = false;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let offlineTimer: ReturnType<typeof setTimeout> | undefined;
let silenceTimer: ReturnType<typeof setTimeout> | undefined;

export function useLiveState(): LiveState {
  return useStore(state);
}

/** A WebSocket can't carry `x-tenant-id`: its address says which tenant's plane it is for. */
function address(tenantId: string | null): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}/ws${queryString({ tenant_id: tenantId })}`;
}

function watchForSilence(): void {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => socket?.close(), SILENCE_MS);
}

/** Connected: first fetch what was missed, only then say Live. */
async function becomeLive(opened: WebSocket): Promise<void> {
  if (hasBeenLive) {
    await handlers?.catchUp().catch(() => undefined);
  }
  if (socket !== opened) {
    return;
  }
  attempts = 0;
  lostAt = 0;
  hasBeenLive = true;
  clearTimeout(offlineTimer);
  state.set({ kind: 'live' });
}

function isMessage(value: unknown): value is Message {
  return value !== null && typeof value === 'object' && 'type' in value;
}

function receive(opened: WebSocket, text: string): void {
  watchForSilence();
  const message: unknown = JSON.parse(text);
  if (!isMessage(message)) {
    return;
  }
  if (message.type === 'ready') {
    becomeLive(opened);
  } else if (message.type !== 'ping') {
    handlers?.onEvent(message);
  }
}

function lose(opened: WebSocket, code: number, token: string): void {
  if (socket !== opened) {
    return;
  }
  socket = null;
  clearTimeout(silenceTimer);
  if (code === NOT_SIGNED_IN) {
    rejectToken(token);
  }
  scheduleRetry();
}

function scheduleRetry(): void {
  if (!handlers) {
    return;
  }
  if (!lostAt) {
    lostAt = Date.now();
    const dataFrom = lostAt;
    state.set({ kind: 'reconnecting', since: lostAt });
    offlineTimer = setTimeout(() => state.set({ kind: 'offline', dataFrom }), OFFLINE_AFTER_MS);
  }
  const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
  attempts += 1;
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
}

async function connect(): Promise<void> {
  let credential: Credential;
  try {
    credential = await validCredential();
  } catch {
    scheduleRetry();
    return;
  }
  if (!handlers || socket) {
    return;
  }
  const { token, tenantId } = credential;
  const opened = new WebSocket(address(tenantId));
  socket = opened;
  opened.onopen = () => {
    opened.send(JSON.stringify({ type: 'auth', token }));
    watchForSilence();
  };
  opened.onmessage = (event) => receive(opened, String(event.data));
  opened.onclose = (event) => lose(opened, event.code, token);
}

function connectNow(): void {
  if (!socket) {
    clearTimeout(retryTimer);
    connect();
  }
}

/** A renewed token goes to the open socket, so that the server keeps it beyond the old one's end. */
async function passOnToken(): Promise<void> {
  if (socket?.readyState === WebSocket.OPEN && currentSession().status === 'active') {
    socket.send(JSON.stringify({ type: 'auth', token: (await validCredential()).token }));
  }
}

export function startLive(given: Handlers): () => void {
  handlers = given;
  connect();
  const stopWatching = onSessionChange(passOnToken);
  addEventListener('online', connectNow);
  return () => {
    handlers = null;
    stopWatching();
    removeEventListener('online', connectNow);
    clearTimeout(retryTimer);
    clearTimeout(offlineTimer);
    clearTimeout(silenceTimer);
    socket?.close();
    socket = null;
  };
}
