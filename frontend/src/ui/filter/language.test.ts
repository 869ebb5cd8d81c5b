import { describe, expect, it } from 'vitest';
import { incidentFilter } from '../../features/incidents/incidentFilter';
import { incident } from '../../testing/incident';
import { compile, parse, problemsIn, withTerm } from './language';
import { suggest } from './suggest';

const spec = incidentFilter('ana@acme.test');

function matches(filter: string, facts: Parameters<typeof incident>[0]): boolean {
  return compile(parse(filter), spec)(incident(facts));
}

describe('parsing', () => {
  it('finds terms, negation, several values, quotes and words', () => {
    expect(parse('sev:1,2 -status:resolved service:"card api" "free words" now')).toEqual([
      { kind: 'term', key: 'sev', negated: false, values: ['1', '2'], start: 0, end: 7 },
      { kind: 'term', key: 'status', negated: true, values: ['resolved'], start: 8, end: 24 },
      { kind: 'term', key: 'service', negated: false, values: ['card api'], start: 25, end: 43 },
      { kind: 'words', text: 'free words', negated: false, start: 44, end: 56 },
      { kind: 'words', text: 'now', negated: false, start: 57, end: 60 },
    ]);
  });

  it('survives what is half typed', () => {
    expect(parse('service:"che')).toMatchObject([{ key: 'service', values: ['che'] }]);
    expect(parse('sev:')).toMatchObject([{ key: 'sev', values: [] }]);
    expect(parse('"')).toEqual([]);
    expect(parse('   ')).toEqual([]);
  });
});

describe('filtering', () => {
  it.each(['sev:1', 'sev:p1', 'sev:critical', 'sev:2,1', '-sev:3', 'status:triggered', 'env:prod*'])(
    'lets a critical incident through %s',
    (filter) => {
      expect(matches(filter, { severity: 'critical' })).toBe(true);
    },
  );

  it('compares whole values, and prefixes only with a star', () => {
    expect(matches('service:check', {})).toBe(false);
    expect(matches('service:check*', {})).toBe(true);
    expect(matches('service:*out', {})).toBe(true);
  });

  it('knows me and nobody', () => {
    expect(matches('assignee:me', { assignee: 'ana@acme.test' })).toBe(true);
    expect(matches('assignee:me', {})).toBe(false);
    expect(matches('assignee:none', {})).toBe(true);
  });

  it('searches words in title, reference and service, and excludes with a minus', () => {
    expect(matches('LATENCY', {})).toBe(true);
    expect(matches('"p95 latency"', {})).toBe(true);
    expect(matches('-latency', {})).toBe(false);
    expect(matches('inc-00000777', { reference: 'INC-00000777' })).toBe(true);
  });

  it('does not ignore an unknown key, but searches it as words', () => {
    expect(matches('team:money', {})).toBe(false);
    expect(matches('team:money', { title: 'sent by team:money' })).toBe(true);
  });

  it('does not narrow while a value is still missing', () => {
    expect(matches('service:', {})).toBe(true);
  });

  it('treats special characters as themselves', () => {
    expect(matches('service:a.b*', { service: 'axb' })).toBe(false);
    expect(matches('service:a.b*', { service: 'a.b-c' })).toBe(true);
  });
});

describe('problems', () => {
  it('explains unknown keys and values with their place', () => {
    const problems = problemsIn(parse('team:x sev:9 sev:1'), spec);
    expect(problems).toMatchObject([
      { start: 0, end: 6 },
      { start: 7, end: 12 },
    ]);
    expect(problems[0]?.message).toContain('no key “team”');
    expect(problems[1]?.message).toContain('Values: 1, 2, 3, 4, 5');
  });
});

describe('suggestions', () => {
  it('offers keys, then values of the key under the caret', () => {
    expect(suggest('st', 2, spec, () => []).suggestions.map((one) => one.insert)).toEqual(['status:']);
    const offer = suggest('x -service:ch', 13, spec, () => ['checkout', 'ledger']);
    expect(offer).toMatchObject({ start: 2, end: 13, suggestions: [{ insert: '-service:checkout ' }] });
  });
});

describe('adding a term', () => {
  it('quotes what needs it and adds nothing twice', () => {
    expect(withTerm('sev:1', 'label', 'pod=a b')).toBe('sev:1 label:"pod=a b"');
    expect(withTerm('sev:1', 'sev', '1')).toBe('sev:1');
  });
});
