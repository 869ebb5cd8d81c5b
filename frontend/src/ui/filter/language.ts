// The filter language: `sev:1,2 -status:resolved service:check* "free words"`. Pure, and the same on every list.

export type Term = {
  kind: 'term';
  key: string;
  negated: boolean;
  values: string[];
  start: number;
  end: number;
};
export type Words = { kind: 'words'; text: string; negated: boolean; start: number; end: number };
export type Token = Term | Words;

export type Problem = { start: number; end: number; message: string };

export type FilterKey<Row> = {
  key: string;
  help: string;
  /** The row's value or values, as they are compared. */
  read: (row: Row) => string | readonly string[];
  /** Turns what was typed into what is compared; null when it means nothing. */
  normalize?: (typed: string) => string | null;
  /** What may be typed, for suggestions and for explaining a value that means nothing. */
  known?: readonly string[];
};

export type FilterSpec<Row> = {
  keys: readonly FilterKey<Row>[];
  /** Lower-case text that free words are searched in. */
  text: (row: Row) => string;
};

const TOKEN = /-?[A-Za-z_]+:(?:"[^"]*"?|[^\s"]+)*|-?"[^"]*"?|\S+/g;
const TERM = /^(-?)([A-Za-z_]+):(.*)$/s;

function splitValues(text: string): string[] {
  const values: string[] = [];
  for (const part of text.match(/"[^"]*"?|[^,"]+/g) ?? []) {
    const value = part.replaceAll('"', '').trim();
    if (value) {
      values.push(value);
    }
  }
  return values;
}

export function parse(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const start = match.index;
    const end = start + match[0].length;
    const term = TERM.exec(match[0]);
    if (term) {
      const [, minus = '', key = '', rest = ''] = term;
      const values = splitValues(rest);
      tokens.push({ kind: 'term', key: key.toLowerCase(), negated: minus === '-', values, start, end });
      continue;
    }
    const negated = match[0].startsWith('-') && match[0].length > 1;
    const words = (negated ? match[0].slice(1) : match[0]).replaceAll('"', '').trim();
    if (words) {
      tokens.push({ kind: 'words', text: words.toLowerCase(), negated, start, end });
    }
  }
  return tokens;
}

function keyOf<Row>(spec: FilterSpec<Row>, name: string): FilterKey<Row> | undefined {
  return spec.keys.find((key) => key.key === name);
}

export function problemsIn<Row>(tokens: readonly Token[], spec: FilterSpec<Row>): Problem[] {
  const problems: Problem[] = [];
  for (const token of tokens) {
    if (token.kind !== 'term') {
      continue;
    }
    const key = keyOf(spec, token.key);
    if (!key) {
      const names = spec.keys.map((known) => known.key).join(', ');
      const message = `There is no key “${token.key}”. Keys: ${names}. It is searched as words.`;
      problems.push({ start: token.start, end: token.end, message });
      continue;
    }
    const meaningless = token.values.filter(
      (value) => !value.includes('*') && key.normalize?.(value) === null,
    );
    if (meaningless.length > 0) {
      const known = key.known ? ` Values: ${key.known.join(', ')}.` : '';
      const message = `“${meaningless.join(', ')}” is no ${token.key}.${known}`;
      problems.push({ start: token.start, end: token.end, message });
    }
  }
  return problems;
}

function matcher(value: string): (candidate: string) => boolean {
  if (!value.includes('*')) {
    return (candidate) => candidate === value;
  }
  const source = value
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  const pattern = new RegExp(`^${source}$`, 's');
  return (candidate) => pattern.test(candidate);
}

function termPredicate<Row>(term: Term, key: FilterKey<Row>): (row: Row) => boolean {
  const tests = term.values.map((value) => {
    const normalized = value.includes('*') ? value : (key.normalize?.(value) ?? value);
    return matcher(normalized.toLowerCase());
  });
  return (row) => {
    const read = key.read(row);
    const candidates = typeof read === 'string' ? [read] : read;
    const hit = candidates.some((candidate) => tests.some((test) => test(candidate.toLowerCase())));
    return hit !== term.negated;
  };
}

export function compile<Row>(tokens: readonly Token[], spec: FilterSpec<Row>): (row: Row) => boolean {
  const predicates: ((row: Row) => boolean)[] = [];
  for (const token of tokens) {
    if (token.kind === 'words') {
      predicates.push((row) => spec.text(row).includes(token.text) !== token.negated);
      continue;
    }
    const key = keyOf(spec, token.key);
    if (!key) {
      const literal = `${token.key}:${token.values.join(',')}`.toLowerCase();
      predicates.push((row) => spec.text(row).includes(literal) !== token.negated);
    } else if (token.values.length > 0) {
      predicates.push(termPredicate(token, key));
    }
  }
  return (row) => predicates.every((predicate) => predicate(row));
}

/** Writes a value so that it parses back to itself. */
export function quoted(value: string): string {
  return /[\s,"]/.test(value) ? `"${value.replaceAll('"', '')}"` : value;
}

/** The filter with `key:value` added, or unchanged when it is there already. */
export function withTerm(text: string, key: string, value: string, negated = false): string {
  const term = `${negated ? '-' : ''}${key}:${quoted(value)}`;
  if (text.split(/\s+/).includes(term)) {
    return text;
  }
  return text.trim() ? `${text.trim()} ${term}` : term;
}
