// Ages and durations: `42s`, `12m`, `3h 5m`, `2d 4h`. Never "a few moments ago".

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE) {
    return `${whole}s`;
  }
  if (whole < HOUR) {
    return `${Math.floor(whole / MINUTE)}m`;
  }
  if (whole < DAY) {
    return `${Math.floor(whole / HOUR)}h ${Math.floor((whole % HOUR) / MINUTE)}m`;
  }
  return `${Math.floor(whole / DAY)}d ${Math.floor((whole % DAY) / HOUR)}h`;
}

/** With seconds kept below an hour: response times are short, and `1m 42s` is not `1m`. */
export function preciseDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole >= MINUTE && whole < HOUR && whole % MINUTE > 0) {
    return `${Math.floor(whole / MINUTE)}m ${whole % MINUTE}s`;
  }
  return duration(whole);
}

export function ageSeconds(since: string, now: number): number {
  return (now - Date.parse(since)) / 1000;
}

export function age(since: string, now: number): string {
  return duration(ageSeconds(since, now));
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const SHORT_CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY_MONTH = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function clock(time: string): string {
  return CLOCK.format(Date.parse(time));
}

export function hoursMinutes(time: number): string {
  return SHORT_CLOCK.format(time);
}

export function dayMonth(time: string | number): string {
  return DAY_MONTH.format(new Date(time));
}

const TIMESTAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g;

/** Times in the server's sentences, in the reader's zone. */
export function withLocalTimes(text: string): string {
  return text.replace(TIMESTAMP, clock);
}

const UTC_DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A calendar day as the server means it, whatever the reader's zone. */
export function utcDay(day: string): string {
  return UTC_DAY.format(Date.parse(day.slice(0, 10)));
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** UTC, local and relative: what a time says when it is pointed at. */
export function fullTime(time: string, now: number): string {
  const utc = new Date(time).toISOString().replace('T', ' ').slice(0, 19);
  const ahead = Date.parse(time) > now;
  const distance = duration(Math.abs(ageSeconds(time, now)));
  const relative = ahead ? `in ${distance}` : `${distance} ago`;
  return `${utc} UTC\n${FULL.format(Date.parse(time))} ${zoneName()}\n${relative}`;
}
