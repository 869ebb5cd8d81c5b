import { describe, expect, it } from 'vitest';
import { parse, problemsIn } from '../../ui/filter/language';
import { AUDIT_FILTERS, auditQuery, unsupportedIn } from './filter';

const query = (text: string, log: 'tenant' | 'control' = 'control') => auditQuery(parse(text), log);

describe('the filter of the audit log', () => {
  it('knows keys, and looks for everything else anywhere', () => {
    expect(query('actor:ana@x.example action:incident. tenant:acme down now')).toEqual({
      actor: 'ana@x.example',
      action: 'incident.',
      tenant_id: 'acme',
      q: 'down now',
    });
  });

  it('keeps a target with its colon and a name with its blanks, and ignores a key that is still being typed', () => {
    expect(query('target:user:123 actor:"Ana Ruiz"')).toEqual({ target: 'user:123', actor: 'Ana Ruiz' });
    expect(query('actor:')).toEqual({});
    expect(query('  ')).toEqual({});
  });

  it('takes a day for the whole day', () => {
    const { since, until } = query('since:2026-11-01 until:2026-11-01');
    expect(Date.parse(until ?? '') - Date.parse(since ?? '')).toBe(86_400_000);
  });

  it('does not ask the server for what means nothing, and says so', () => {
    expect(query('result:maybe since:soon')).toEqual({});
    const said = problemsIn(parse('result:maybe colour:red'), AUDIT_FILTERS.tenant).map((p) => p.message);
    expect(said).toEqual([
      '“maybe” is no result. Values: done, refused.',
      expect.stringContaining('There is no key “colour”.'),
    ]);
  });

  it('has no tenants in a tenant’s own log', () => {
    expect(query('tenant:acme', 'tenant')).toEqual({ q: 'tenant:acme' });
  });

  it('says what the server cannot do', () => {
    expect(unsupportedIn(parse('-down actor:a,b'))).toHaveLength(2);
    expect(query('-down actor:a,b')).toEqual({ actor: 'a' });
  });
});
