import { describe, expect, it } from 'vitest';
import { changes } from './drafts';

describe('what is not saved', () => {
  const saved = { issuer: '', roles: ['viewer'], is_enforced: false };
  const names = { issuer: 'issuer', roles: 'roles', is_enforced: 'no passwords' };

  it('is nothing as long as everything is as it was', () => {
    expect(changes({ ...saved, roles: ['viewer'] }, saved, names)).toEqual([]);
  });

  it('is told by the names on the form', () => {
    expect(changes({ issuer: 'x', roles: [], is_enforced: true }, saved, names)).toEqual([
      'issuer',
      'roles',
      'no passwords',
    ]);
  });
});
