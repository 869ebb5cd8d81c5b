import { describe, expect, it } from 'vitest';
import { loginAddress, safeNextPath } from './nextPath';

describe('where login leads', () => {
  it.each(['/incidents?q=sev%3A1', '/incidents/INC-00000001#entry-1'])('may be our own path %s', (path) => {
    expect(safeNextPath(path, '/')).toBe(path);
  });

  it.each([
    null,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/login?next=/x',
    '/control/tenants',
  ])('is never %s', (path) => {
    expect(safeNextPath(path, '/')).toBe('/');
  });

  it('keeps the control plane apart', () => {
    expect(safeNextPath('/incidents', '/control/tenants')).toBe('/control/tenants');
  });
});

describe('the login address', () => {
  it('remembers a deep link', () => {
    expect(loginAddress({ pathname: '/incidents/INC-1', search: '?kind=notes', hash: '' })).toBe(
      '/login?next=%2Fincidents%2FINC-1%3Fkind%3Dnotes',
    );
    expect(loginAddress({ pathname: '/', search: '', hash: '' })).toBe('/login');
    expect(loginAddress({ pathname: '/control/tenants', search: '', hash: '' })).toBe('/control/login');
  });
});
