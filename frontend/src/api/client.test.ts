import { afterEach, describe, expect, it, vi } from 'vitest';
import { openPage, session } from '../testing/page';
import type { Operation } from './graphql';

const REFRESH = '/api/auth/refresh';
const OVERVIEW = '{ overview { id } }' as unknown as Operation<unknown, Record<string, never>>;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('what a request says of its tenant', () => {
  it('is the tenant of the session, over REST and GraphQL', async () => {
    const page = await openPage('/');
    await page.session.beginSession(session('acme'));
    await page.client.get('/api/incidents');
    await page.client.post('/api/incidents', { title: 'x' });
    await page.client.download('/api/audit/export');
    await page.client.upload('/api/files', new Blob(['x']));
    await page.client.graphql(OVERVIEW);
    const urls = ['/api/incidents', '/api/incidents', '/api/audit/export', '/api/files', '/graphql'];
    expect(page.sent).toEqual(urls.map((url) => ({ url, tenant: 'acme', token: 'Bearer token of acme' })));
  });

  it('is nothing in the console', async () => {
    const page = await openPage('/control/tenants');
    await page.session.beginSession(session(null));
    await page.client.get('/api/tenants');
    await page.client.get('/api/users', { tenant_id: 'acme' });
    expect(page.sent.map(({ tenant }) => tenant)).toEqual([null, null]);
  });

  it('is nothing before a session has begun', async () => {
    const page = await openPage('/login');
    await expect(page.client.get('/api/incidents')).rejects.toMatchObject({ status: 401 });
    expect(page.sent).toEqual([]);
  });

  it('is the tenant that a super-admin stays in, once it is known', async () => {
    const { user } = session('globex');
    const ends_at = new Date(Date.now() + 600_000).toISOString();
    const acting_as = {
      impersonation_id: 'stay',
      by: 'root@opsplane.example',
      reason: 'x',
      read_only: true,
      ends_at,
    };
    const me = { data: { ...user, acting_as } };
    const page = await openPage('/', { '/api/auth/me': [{ body: me }] });
    page.keepImpersonation('stay');
    await page.client.get('/api/incidents');
    expect(page.sent).toEqual([
      { url: '/api/auth/me', tenant: null, token: 'Bearer stay' },
      { url: '/api/incidents', tenant: 'globex', token: 'Bearer stay' },
    ]);
  });

  it('stays through a refresh, which itself says nothing', async () => {
    const refused = { status: 401, body: { code: 'UNAUTHORIZED' } };
    const renewed = { body: { data: session('acme', { token: 'newer' }) } };
    const page = await openPage('/', { '/api/alerts': [refused], [REFRESH]: [renewed] });
    await page.session.beginSession(session('acme'));
    await page.client.get('/api/alerts');
    expect(page.sent).toEqual([
      { url: '/api/alerts', tenant: 'acme', token: 'Bearer token of acme' },
      { url: REFRESH, tenant: null, token: null },
      { url: '/api/alerts', tenant: 'acme', token: 'Bearer newer' },
    ]);
  });

  it('never mixes two tenants: a page that is left for another keeps to its own', async () => {
    const page = await openPage('/', { [REFRESH]: [{ body: { data: session('globex') } }] });
    await page.session.beginSession(session('acme'));
    await page.session.switchTenant('globex');
    expect(page.left).toHaveBeenCalledWith('/');
    await page.client.get('/api/alerts');
    const next = await openPage('/');
    await next.session.beginSession(session('globex'));
    await next.client.get('/api/alerts');
    expect([...page.sent, ...next.sent]).toEqual([
      { url: REFRESH, tenant: null, token: null },
      { url: '/api/alerts', tenant: 'acme', token: 'Bearer token of acme' },
      { url: '/api/alerts', tenant: 'globex', token: 'Bearer token of globex' },
    ]);
  });
});
