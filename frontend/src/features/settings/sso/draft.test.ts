import { describe, expect, it } from 'vitest';
import { draftOf, wantedOf, wrongLines } from './draft';

describe('a connection as it is typed', () => {
  const draft = {
    ...draftOf(null),
    issuer: ' https://login.acme.example ',
    client_id: 'opsplane',
    display_name: 'Acme login',
    domains: 'acme.example, acme.test',
    mapping: 'sre = operator\n\ncn=heads,ou=acme = admin',
  };

  it('becomes what the server wants', () => {
    expect(wantedOf(draft)).toMatchObject({
      issuer: 'https://login.acme.example',
      email_domains: ['acme.example', 'acme.test'],
      role_mapping: { sre: 'operator', 'cn=heads,ou=acme': 'admin' },
      default_role: null,
    });
  });

  it('leaves the stored secret alone unless a new one is typed', () => {
    expect(wantedOf(draft)).not.toHaveProperty('client_secret');
    expect(wantedOf({ ...draft, client_secret: 'x' })).toHaveProperty('client_secret', 'x');
  });

  it('names the lines that say no role', () => {
    expect(wrongLines('sre = operator\nboss = king\nnothing')).toEqual(['boss = king', 'nothing']);
  });
});
