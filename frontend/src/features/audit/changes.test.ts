import { describe, expect, it } from 'vitest';
import { inWords, told } from './changes';

describe('the details of an entry', () => {
  it('tell from and to of every field of an edit', () => {
    expect(told({ reference: 'INC-1', changes: { severity: { from: 'high', to: 'low' } } })).toEqual({
      changes: [{ field: 'severity', from: 'high', to: 'low' }],
      facts: [['reference', 'INC-1']],
    });
  });

  it('tell of two pictures only what differs', () => {
    const before = { name: 'Ana', title: null, teams: ['a'] };
    const after = { name: 'Ana', title: 'SRE', teams: ['a', 'b'] };
    expect(told({ before, after }).changes).toEqual([
      { field: 'title', from: null, to: 'SRE' },
      { field: 'teams', from: ['a'], to: ['a', 'b'] },
    ]);
  });

  it('take a missing picture for nothing, and plain values for one change', () => {
    expect(told({ before: null, after: { plan: 'pro' } }).changes).toEqual([
      { field: 'plan', from: undefined, to: 'pro' },
    ]);
    expect(told({ limit_name: 'users', before: 3, after: null })).toEqual({
      changes: [{ field: 'value', from: 3, to: null }],
      facts: [['limit_name', 'users']],
    });
  });

  it('know what a previous value is the previous value of', () => {
    expect(told({ previous: 'free', plan: 'pro', plan_version: 2 })).toEqual({
      changes: [{ field: 'plan', from: 'free', to: 'pro' }],
      facts: [['plan_version', 2]],
    });
    expect(told({ previous_plan: 'pro', plan: null, change: 'cancel' })).toEqual({
      changes: [{ field: 'plan', from: 'pro', to: null }],
      facts: [['change', 'cancel']],
    });
  });

  it.each([
    [null, 'none'],
    ['', 'none'],
    [false, 'no'],
    [5000, '5,000'],
    [[], 'none'],
    [['a', 'b'], 'a, b'],
    [{ a: 1 }, '{"a":1}'],
  ])('write %j as %s', (value, words) => {
    expect(inWords(value)).toBe(words);
  });
});
