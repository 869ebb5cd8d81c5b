import { describe, expect, it } from 'vitest';
import { age, duration, preciseDuration } from './age';

describe('ages', () => {
  it.each([
    [0, '0s'],
    [42, '42s'],
    [59.9, '59s'],
    [720, '12m'],
    [11_100, '3h 5m'],
    [86_399, '23h 59m'],
    [187_200, '2d 4h'],
    [-5, '0s'],
  ])('writes %d seconds as %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it('keeps the seconds of short response times', () => {
    expect(preciseDuration(102)).toBe('1m 42s');
    expect(preciseDuration(120)).toBe('2m');
  });

  it('counts from a time of the server', () => {
    expect(age('2026-04-01T18:00:00.000Z', Date.parse('2026-04-01T18:12:30.000Z'))).toBe('12m');
  });
});
