import { describe, expect, it } from 'vitest';
import { addresses, difference } from './roles';

const permission = (name: string, words: string) => ({ name, words });
const read = permission('incidents:read', 'see incidents');
const write = permission('incidents:write', 'change incidents');
const ROLES = [
  { role: 'viewer', level: 1, permissions: [read] },
  { role: 'operator', level: 2, permissions: [read, write] },
] as const;

describe('another role', () => {
  it('says what is gained and lost', () => {
    const roles = ROLES.map((role) => ({ ...role, permissions: [...role.permissions] }));
    expect(difference(roles, 'viewer', 'operator')).toEqual({ gains: ['change incidents'], loses: [] });
    expect(difference(roles, 'operator', 'viewer')).toEqual({ gains: [], loses: ['change incidents'] });
  });
});

describe('addresses', () => {
  it('may be separated as people do', () => {
    expect(addresses(' a@x.example, b@x.example\nc@x.example;a@x.example ')).toEqual([
      'a@x.example',
      'b@x.example',
      'c@x.example',
    ]);
    expect(addresses('  ')).toEqual([]);
  });
});
