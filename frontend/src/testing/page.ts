// A page without a browser: what modules ask of one, and what the page then sends. Each page loads its modules anew,
// and has no storage that outlives it.
import { vi } from 'vitest';
import type { Session, User } from '../api/types';

export type Sent = { url: string; tenant: string | null; token: string | null };
type Answer = { status?: number; body: unknown };

/** A session in a tenant, or in none. */
export function session(tenantId: string | null, facts: Partial<Session> = {}): Session {
  const user: User = {
    id: 'ana',
    email: 'ana@acme.example',
    name: 'Ana',
    role: tenantId === null ? 'super_admin' : 'admin',
    tenant_id: tenantId,
    tenant_name: tenantId,
    tenants: [],
    time_zone: null,
    method: 'password',
    has_second_factor: true,
    must_enrol: false,
    acting_as: null,
  };
  return {
    token: `token of ${tenantId}`,
    refresh_token: `refresh of ${tenantId}`,
    expires_in: 900,
    user,
    ...facts,
  };
}

/** A page at this path. What it asks for is answered by URL, and with an empty 200 otherwise. */
export async function openPage(pathname: string, answers: Record<string, Answer[]> = {}) {
  vi.resetModules();
  const sent: Sent[] = [];
  const sockets: FakeSocket[] = [];
  const kept = new Map<string, string>();
  const left = vi.fn<(address: string) => void>();

  class FakeSocket {
    static readonly OPEN = 1;
    readonly readyState = FakeSocket.OPEN;
    readonly said: string[] = [];
    onopen?: () => void;
    onclose?: (event: { code: number }) => void;
    constructor(readonly url: string) {
      sockets.push(this);
    }
    send(text: string): void {
      this.said.push(text);
    }
    close(): void {}
  }

  vi.stubGlobal('location', { pathname, protocol: 'https:', host: 'ops.example.com', assign: left });
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal('addEventListener', vi.fn());
  vi.stubGlobal('removeEventListener', vi.fn());
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    sent.push({ url, tenant: headers.get('x-tenant-id'), token: headers.get('authorization') });
    const { status = 200, body } = answers[url]?.shift() ?? { body: { data: {} } };
    return new Response(JSON.stringify(body), { status });
  });
  return {
    sent,
    sockets,
    left,
    keepImpersonation: (token: string) => kept.set('opsplane.impersonation', token),
    client: await import('../api/client'),
    session: await import('../app/session'),
    live: await import('../app/live'),
  };
}
