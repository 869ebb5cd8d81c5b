import { describe, expect, it } from 'vitest';
import { changeInWords, everyDay, runsOf } from './series';

describe('a line over days', () => {
  it('breaks where there is no value', () => {
    const runs = runsOf([1, null, 2, 3], (value, index) => ({ x: index, y: value }));
    expect(runs).toEqual([
      [{ x: 0, y: 1 }],
      [
        { x: 2, y: 2 },
        { x: 3, y: 3 },
      ],
    ]);
  });

  it('has every day, also those the server left out', () => {
    const now = Date.parse('2026-04-03T12:00:00Z');
    const days = everyDay([{ day: '2026-04-02', incidents: 4 }], 3, now, (day) => ({ day, incidents: 0 }));
    expect(days).toEqual([
      { day: '2026-04-01', incidents: 0 },
      { day: '2026-04-02', incidents: 4 },
      { day: '2026-04-03', incidents: 0 },
    ]);
  });
});

describe('the change against the period before', () => {
  it('has a sign and a word', () => {
    expect(changeInWords(80, 100)).toEqual({
      words: '−20%, faster than in the 30 days before',
      tone: 'better',
    });
    expect(changeInWords(150, 100)?.words).toContain('+50%, slower');
    expect(changeInWords(100, 100)?.tone).toBe('same');
    expect(changeInWords(null, 100)).toBeNull();
  });
});
