// What an entry's details say: values that were changed, from and to, and everything else. Pure.

export type Details = Record<string, unknown>;
export type Change = { field: string; from: unknown; to: unknown };
export type Told = { changes: Change[]; facts: [string, unknown][] };

const PREVIOUS = 'previous_';
/** What `previous` is the earlier value of: the first of these that stands beside it. */
const AFTER_PREVIOUS = ['state', 'plan', 'placement', 'version'];

function isObject(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** Of two pictures of a thing only what differs; two plain values are one change. */
function between(before: unknown, after: unknown): Change[] {
  if (!isObject(before) && !isObject(after)) {
    return same(before, after) ? [] : [{ field: 'value', from: before, to: after }];
  }
  const earlier = isObject(before) ? before : {};
  const later = isObject(after) ? after : {};
  const fields = [...new Set([...Object.keys(earlier), ...Object.keys(later)])];
  return fields
    .filter((field) => !same(earlier[field], later[field]))
    .map((field) => ({ field, from: earlier[field], to: later[field] }));
}

export function told(details: Details): Told {
  const rest = { ...details };
  const changes: Change[] = [];
  if (isObject(rest.changes)) {
    for (const [field, change] of Object.entries(rest.changes)) {
      const values: Details = isObject(change) ? change : { to: change };
      changes.push({ field, from: values.from, to: values.to });
    }
    delete rest.changes;
  }
  if ('before' in rest || 'after' in rest) {
    changes.push(...between(rest.before, rest.after));
    delete rest.before;
    delete rest.after;
  }
  const later = AFTER_PREVIOUS.find((field) => field in rest);
  if ('previous' in rest && later) {
    changes.push({ field: later, from: rest.previous, to: rest[later] });
    delete rest.previous;
    delete rest[later];
  }
  for (const name of Object.keys(rest).filter((known) => known.startsWith(PREVIOUS))) {
    const field = name.slice(PREVIOUS.length);
    changes.push({ field, from: rest[name], to: rest[field] });
    delete rest[name];
    delete rest[field];
  }
  return { changes, facts: Object.entries(rest) };
}

/** A value for people: nothing is "none", a list is its parts, and a thing within is written as it is stored. */
export function inWords(value: unknown): string {
  if (value === null || value === undefined || value === '') {
    return 'none';
  }
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  if (typeof value === 'number') {
    return value.toLocaleString('en');
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? 'none' : value.map(inWords).join(', ');
  }
  return isObject(value) ? JSON.stringify(value) : String(value);
}

export function fieldWords(field: string): string {
  return field.replaceAll('_', ' ');
}
