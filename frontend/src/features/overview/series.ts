// Days into a line with gaps: a day without incidents breaks the line, it is not a zero. Pure.

export type Point = { x: number; y: number };

/** Runs of neighbouring values; each run is one stroke, and a run of one is a dot. */
export function runsOf(
  values: readonly (number | null)[],
  toPoint: (value: number, index: number) => Point,
): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] = [];
  values.forEach((value, index) => {
    if (value === null) {
      if (run.length > 0) {
        runs.push(run);
      }
      run = [];
    } else {
      run.push(toPoint(value, index));
    }
  });
  if (run.length > 0) {
    runs.push(run);
  }
  return runs;
}

export function pathOf(run: readonly Point[]): string {
  return run
    .map((point, index) => `${index === 0 ? 'M' : 'L'}${point.x.toFixed(1)} ${point.y.toFixed(1)}`)
    .join('');
}

export type Change = { words: string; tone: 'better' | 'worse' | 'same' };

/** "12% faster than the 30 days before", or why there is nothing to compare. */
export function changeInWords(now: number | null, before: number | null): Change | null {
  if (now === null || before === null || before === 0) {
    return null;
  }
  const share = Math.round(((now - before) / before) * 100);
  if (share === 0) {
    return { words: 'as in the 30 days before', tone: 'same' };
  }
  const sign = share > 0 ? `+${share}%` : `−${-share}%`;
  const word = share > 0 ? 'slower' : 'faster';
  return { words: `${sign}, ${word} than in the 30 days before`, tone: share > 0 ? 'worse' : 'better' };
}

const DAY_MS = 86_400_000;

/** Every day of the span, oldest first: the server leaves out days on which nothing happened. */
export function everyDay<Day extends { day: string }>(
  known: readonly Day[],
  days: number,
  now: number,
  none: (day: string) => Day,
): Day[] {
  const byDay = new Map(known.map((entry) => [entry.day.slice(0, 10), entry]));
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(now - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return byDay.get(day) ?? none(day);
  });
}
