import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPage, session } from '../testing/page';

const HANDLERS = { onEvent: () => undefined, catchUp: async () => undefined };
const ACME = 'wss://ops.example.com/ws?tenant_id=acme';
const ANY_WAIT_MS = 10_000;
const TOKEN_REFUSED = 4401;
const TRY_AGAIN = 1012;

function auth(token: string): string {
  return JSON.stringify({ type: 'auth', token });
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the address of the live stream', () => {
  it('names the tenant of the token that is sent there', async () => {
    const page = await openPage('/');
    await page.session.beginSession(session('acme'));
    const stop = page.live.startLive(HANDLERS);
    await vi.waitFor(() => expect(page.sockets).toHaveLength(1));
    page.sockets[0]?.onopen?.();
    stop();
    expect(page.sockets[0]?.url).toBe(ACME);
    expect(page.sockets[0]?.said).toEqual([auth('token of acme')]);
  });

  it('names it again after a refresh, and the new token', async () => {
    const renewed = { body: { data: session('acme', { token: 'newer' }) } };
    const page = await openPage('/', { '/api/auth/refresh': [renewed] });
    await page.session.beginSession(session('acme'));
    const stop = page.live.startLive(HANDLERS);
    await vi.waitFor(() => expect(page.sockets).toHaveLength(1));
    page.sockets[0]?.onclose?.({ code: TOKEN_REFUSED });
    await vi.advanceTimersByTimeAsync(ANY_WAIT_MS);
    page.sockets[1]?.onopen?.();
    stop();
    expect(page.sockets.map(({ url }) => url)).toEqual([ACME, ACME]);
    expect(page.sockets[1]?.said).toEqual([auth('newer')]);
  });

  it('never mixes two tenants: a page that is left for another keeps to its own', async () => {
    const page = await openPage('/', { '/api/auth/refresh': [{ body: { data: session('globex') } }] });
    await page.session.beginSession(session('acme'));
    const stop = page.live.startLive(HANDLERS);
    await vi.waitFor(() => expect(page.sockets).toHaveLength(1));
    await page.session.switchTenant('globex');
    page.sockets[0]?.onclose?.({ code: TRY_AGAIN });
    await vi.advanceTimersByTimeAsync(ANY_WAIT_MS);
    page.sockets[1]?.onopen?.();
    stop();
    expect(page.sockets[1]?.url).toBe(ACME);
    expect(page.sockets[1]?.said).toEqual([auth('token of acme')]);
    const next = await openPage('/');
    await next.session.beginSession(session('globex'));
    const stopNext = next.live.startLive(HANDLERS);
    await vi.waitFor(() => expect(next.sockets).toHaveLength(1));
    stopNext();
    expect(next.sockets[0]?.url).toBe('wss://ops.example.com/ws?tenant_id=globex');
  });

  it('names none where the session has none', async () => {
    const page = await openPage('/control/tenants');
    await page.session.beginSession(session(null));
    const stop = page.live.startLive(HANDLERS);
    await vi.waitFor(() => expect(page.sockets).toHaveLength(1));
    stop();
    expect(page.sockets[0]?.url).toBe('wss://ops.example.com/ws');
  });
});
