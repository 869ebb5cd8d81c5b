// The filter language's keys on an audit log. The server filters, so a key must be one of its parameters. Pure.
import type { AuditEntry } from '../../api/types';
import type { FilterKey, FilterSpec, Problem, Token } from '../../ui/filter/language';
import type { AuditFilter, AuditLog } from './auditApi';

export const RESULTS = ['done', 'refused'] as const;
const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** A day in the reader's zone, or any moment that a browser can read; null when it means nothing. */
function momentOf(typed: string, daysLater: number): string | null {
  const day = DAY.test(typed);
  const moment = new Date(day ? `${typed}T00:00:00` : typed);
  if (Number.isNaN(moment.getTime())) {
    return null;
  }
  if (day) {
    moment.setDate(moment.getDate() + daysLater);
  }
  return moment.toISOString();
}

const NORMALIZE: Record<keyof AuditFilter, (typed: string) => string | null> = {
  actor: (typed) => typed,
  action: (typed) => typed,
  target: (typed) => typed,
  result: (typed) => RESULTS.find((result) => result === typed.toLowerCase()) ?? null,
  since: (typed) => momentOf(typed, 0),
  until: (typed) => momentOf(typed, 1),
  tenant_id: (typed) => (TENANT_ID.test(typed) ? typed : null),
  q: (typed) => typed,
};

const COMMON: readonly FilterKey<AuditEntry>[] = [
  { key: 'actor', help: 'who, by whole name or id', read: (entry) => entry.actor_name },
  { key: 'action', help: 'how it begins, as action:incident.', read: (entry) => entry.action },
  { key: 'target', help: 'whole, as target:incident:INC-00000001', read: (entry) => entry.target },
  {
    key: 'result',
    help: 'done or refused',
    read: (entry) => entry.result,
    normalize: NORMALIZE.result,
    known: RESULTS,
  },
  { key: 'since', help: 'a day, as 2026-11-01', read: (entry) => entry.at, normalize: NORMALIZE.since },
  {
    key: 'until',
    help: 'a day, which is included',
    read: (entry) => entry.at,
    normalize: NORMALIZE.until,
  },
];

const TENANT_KEY: FilterKey<AuditEntry> = {
  key: 'tenant',
  help: 'a tenant’s id',
  read: (entry) => entry.target,
  normalize: NORMALIZE.tenant_id,
};

const text = (entry: AuditEntry) => entry.action;

export const AUDIT_FILTERS: Record<AuditLog, FilterSpec<AuditEntry>> = {
  tenant: { keys: COMMON, text },
  control: { keys: [...COMMON, TENANT_KEY], text },
};

export function auditQuery(tokens: readonly Token[], log: AuditLog): AuditFilter {
  const filter: AuditFilter = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.negated) {
      continue;
    }
    if (token.kind === 'words') {
      words.push(token.text);
    } else if (AUDIT_FILTERS[log].keys.some((known) => known.key === token.key)) {
      const name = (token.key === 'tenant' ? 'tenant_id' : token.key) as keyof AuditFilter;
      const value = NORMALIZE[name](token.values[0] ?? '');
      if (value) {
        filter[name] = value;
      }
    } else {
      words.push(`${token.key}:${token.values.join(',')}`);
    }
  }
  return words.length > 0 ? { ...filter, q: words.join(' ') } : filter;
}

/** What the server cannot do is said, not ignored. */
export function unsupportedIn(tokens: readonly Token[]): Problem[] {
  const problems: Problem[] = [];
  for (const token of tokens) {
    const { start, end } = token;
    if (token.negated) {
      problems.push({
        start,
        end,
        message: 'Entries can’t be excluded with “-”, so this part does nothing.',
      });
    } else if (token.kind === 'term' && token.values.length > 1) {
      problems.push({ start, end, message: `Only one ${token.key} at a time: the first one counts.` });
    }
  }
  return problems;
}
