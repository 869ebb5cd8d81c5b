import type { PointerEvent } from 'react';
import { age, clock, dayMonth, fullTime } from './age';
import { useNow } from './now';

/** UTC, local and relative, worked out only when somebody points at it: lists have thousands of times. */
function explain(event: PointerEvent<HTMLTimeElement>): void {
  const shown = event.currentTarget;
  shown.title = fullTime(shown.dateTime, Date.now());
}

export function Age({ since }: { since: string }) {
  const now = useNow();
  return (
    <time className="num" dateTime={since} onPointerEnter={explain}>
      {age(since, now)}
    </time>
  );
}

/** A moment in the reader's zone: the clock today, with the day before it otherwise. */
export function Moment({ at }: { at: string }) {
  const now = useNow(60_000);
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return (
    <time className="num" dateTime={at} onPointerEnter={explain}>
      {isToday ? clock(at) : `${dayMonth(at)} ${clock(at)}`}
    </time>
  );
}

/** A day in the reader's zone, with its year when it is another one; pointed at, it tells the moment. */
export function Day({ at }: { at: string }) {
  const now = useNow(60_000);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (
    <time className="num" dateTime={at} onPointerEnter={explain}>
      {sameYear ? dayMonth(at) : `${dayMonth(at)} ${new Date(at).getFullYear()}`}
    </time>
  );
}
