import { describe, expect, it } from 'vitest';
import { domainOf } from './domainOf';

describe('the domain of an address', () => {
  it('is there once the address is complete', () => {
    expect(domainOf(' Ana@Acme.Example ')).toBe('acme.example');
    expect(domainOf('ana@ops.acme.example')).toBe('ops.acme.example');
  });

  it.each(['', 'ana', 'ana@', 'ana@acme', 'ana@acme.', '@.example'])('is not there yet in “%s”', (typed) => {
    expect(domainOf(typed)).toBe('');
  });
});
