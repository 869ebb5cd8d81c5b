// The filter language's keys on alerts. The server filters, so a key must be one of its parameters. Pure.
import type { Alert } from '../../api/types';
import type { QueryValue } from '../../api/wire';
import type { FilterSpec, Problem, Token } from '../../ui/filter/language';
import { SEVERITIES } from '../../ui/SeverityBadge';
import { normalizeSeverity, severityOfRank } from '../incidents/incidentFilter';

export const ALERT_STATUSES = ['firing', 'resolved'] as const;

function normalizeStatus(typed: string): string | null {
  return ALERT_STATUSES.find((status) => status === typed.toLowerCase()) ?? null;
}

export const ALERT_FILTER: FilterSpec<Alert> = {
  keys: [
    {
      key: 'status',
      help: 'firing or resolved',
      read: (a) => a.status,
      normalize: normalizeStatus,
      known: ALERT_STATUSES,
    },
    {
      key: 'sev',
      help: 'severity, 1 to 5',
      read: (alert) => String(SEVERITIES.indexOf(alert.severity) + 1),
      normalize: normalizeSeverity,
      known: ['1', '2', '3', '4', '5'],
    },
    { key: 'source', help: 'who sent it', read: (alert) => alert.source },
    { key: 'service', help: 'affected service', read: (alert) => alert.service ?? '' },
    { key: 'label', help: 'a label, as label:region=eu-west-1', read: (alert) => Object.keys(alert.labels) },
  ],
  text: (alert) => alert.name.toLowerCase(),
};

/** `region=eu` as people write labels; the server wants `region:eu`. */
function labelParameter(value: string): string {
  return value.replace('=', ':');
}

export function alertQuery(tokens: readonly Token[]): Record<string, QueryValue> {
  const labels: string[] = [];
  const words: string[] = [];
  const query: Record<string, QueryValue> = {};
  for (const token of tokens) {
    if (token.negated) {
      continue;
    }
    if (token.kind === 'words') {
      words.push(token.text);
    } else if (token.key === 'label') {
      labels.push(...token.values.map(labelParameter));
    } else if (token.values.length === 0) {
      // Still being typed.
    } else if (token.key === 'sev') {
      const names = token.values.map((value) => severityOfRank(normalizeSeverity(value) ?? ''));
      query.severity = names.filter((name) => name !== undefined).join(',');
    } else if (token.key === 'status') {
      query.status = token.values
        .filter((value) => normalizeStatus(value))
        .join(',')
        .toLowerCase();
    } else if (token.key === 'source' || token.key === 'service') {
      query[token.key] = token.values.join(',');
    } else {
      words.push(`${token.key}:${token.values.join(',')}`);
    }
  }
  if (labels.length > 0) {
    query.label = labels;
  }
  if (words.length > 0) {
    query.q = words.join(' ');
  }
  return query;
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
        message: 'Alerts cannot be excluded with “-” yet, so this part does nothing.',
      });
    } else if (token.kind === 'term' && token.values.some((value) => value.includes('*'))) {
      problems.push({ start, end, message: 'Alerts are compared whole: “*” stands for itself here.' });
    }
  }
  return problems;
}
