import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter';

describe('the filter of the audit log', () => {
  it('knows keys, and looks for everything else anywhere', () => {
    expect(parseFilter('actor:ana@x.example action:incident. tenant:acme down now')).toEqual({
      actor: 'ana@x.example',
      action: 'incident.',
      tenant_id: 'acme',
      q: 'down now',
    });
  });

  it('keeps a target with its colon, and an unfinished key as a word', () => {
    expect(parseFilter('target:user:123')).toEqual({ target: 'user:123' });
    expect(parseFilter('actor:')).toEqual({ q: 'actor:' });
    expect(parseFilter('  ')).toEqual({});
  });
});
