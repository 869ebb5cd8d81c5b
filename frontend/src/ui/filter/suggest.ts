// What to offer at the caret: keys first, then values of the key that is being typed. Pure.
import type { FilterSpec } from './language';

export type Suggestion = { insert: string; label: string; help: string };
export type Offer = { start: number; end: number; suggestions: Suggestion[] };

const MOST = 8;

function tokenAround(text: string, caret: number): { start: number; end: number } {
  let start = caret;
  while (start > 0 && !/\s/.test(text.charAt(start - 1))) {
    start -= 1;
  }
  let end = caret;
  while (end < text.length && !/\s/.test(text.charAt(end))) {
    end += 1;
  }
  return { start, end };
}

export function suggest<Row>(
  text: string,
  caret: number,
  spec: FilterSpec<Row>,
  valuesOf: (key: string) => readonly string[],
): Offer {
  const { start, end } = tokenAround(text, caret);
  const typed = text.slice(start, caret);
  const minus = typed.startsWith('-') ? '-' : '';
  const body = typed.slice(minus.length).toLowerCase();
  const colon = body.indexOf(':');
  if (colon < 0) {
    const suggestions = spec.keys
      .filter((key) => key.key.startsWith(body))
      .map((key) => ({ insert: `${minus}${key.key}:`, label: `${key.key}:`, help: key.help }));
    return { start, end, suggestions: suggestions.slice(0, MOST) };
  }
  const keyName = body.slice(0, colon);
  const key = spec.keys.find((known) => known.key === keyName);
  if (!key) {
    return { start, end, suggestions: [] };
  }
  const typedValues = typed.slice(minus.length + colon + 1).split(',');
  const current = (typedValues.at(-1) ?? '').replaceAll('"', '').toLowerCase();
  const earlier = typedValues.slice(0, -1);
  const suggestions = valuesOf(keyName)
    .filter((value) => value.toLowerCase().startsWith(current) && !earlier.includes(value))
    .map((value) => {
      const written = /[\s,"]/.test(value) ? `"${value}"` : value;
      return { insert: `${minus}${keyName}:${[...earlier, written].join(',')} `, label: value, help: '' };
    });
  return { start, end, suggestions: suggestions.slice(0, MOST) };
}
