// The filter language's keys on incidents, the saved views, and what of a filter the server can do.
import type { Incident } from '../../api/types';
import type { QueryValue } from '../../api/wire';
import type { FilterKey, FilterSpec, Token } from '../../ui/filter/language';
import { SEVERITIES, severityRank } from '../../ui/SeverityBadge';
import { STATUSES } from '../../ui/StatusRing';

/** `1`, `P1`, `sev1` and `critical` all mean 1. */
export function normalizeSeverity(typed: string): string | null {
  const text = typed.toLowerCase();
  const number = /^(?:p|sev)?([1-5])$/.exec(text);
  if (number?.[1]) {
    return number[1];
  }
  const named = SEVERITIES.find((severity) => severity === text);
  return named ? String(severityRank(named)) : null;
}

export function severityOfRank(rank: string): string | undefined {
  return SEVERITIES[Number(rank) - 1];
}

function normalizeStatus(typed: string): string | null {
  const text = typed.toLowerCase();
  return STATUSES.find((status) => status === text) ?? null;
}

const haystacks = new WeakMap<Incident, string>();

function haystack(incident: Incident): string {
  let text = haystacks.get(incident);
  if (text === undefined) {
    text = [
      incident.title,
      incident.reference,
      incident.service,
      incident.source,
      incident.assignee,
      incident.description,
    ]
      .join('\n')
      .toLowerCase();
    haystacks.set(incident, text);
  }
  return text;
}

export function incidentFilter(myEmail: string): FilterSpec<Incident> {
  const keys: FilterKey<Incident>[] = [
    {
      key: 'sev',
      help: 'severity, 1 to 5',
      read: (incident) => String(severityRank(incident.severity)),
      normalize: normalizeSeverity,
      known: ['1', '2', '3', '4', '5'],
    },
    {
      key: 'status',
      help: 'where it stands',
      read: (incident) => incident.status,
      normalize: normalizeStatus,
      known: STATUSES,
    },
    { key: 'service', help: 'affected service', read: (incident) => incident.service ?? 'none' },
    { key: 'env', help: 'environment', read: (incident) => incident.environment ?? 'none' },
    { key: 'source', help: 'where it came from', read: (incident) => incident.source },
    {
      key: 'assignee',
      help: 'me, none, or an email',
      read: (incident) => incident.assignee ?? 'none',
      normalize: (typed) => (typed.toLowerCase() === 'me' ? myEmail.toLowerCase() : typed),
    },
    { key: 'id', help: 'reference, as INC-00000001', read: (incident) => incident.reference },
  ];
  return { keys, text: haystack };
}

export type View = { id: string; name: string; filter: string };

export const VIEWS: readonly View[] = [
  { id: 'active', name: 'All active', filter: '-status:resolved,closed' },
  { id: 'urgent', name: 'P1–P2', filter: 'sev:1,2 -status:resolved,closed' },
  { id: 'unacknowledged', name: 'Not acknowledged', filter: 'status:triggered,open,reopened' },
  { id: 'mine', name: 'Mine', filter: 'assignee:me -status:resolved,closed' },
  { id: 'all', name: 'Everything', filter: '' },
];

/** The part of a filter that the server understands: exact values of plain keys, and one run of words. */
export function serverQuery(tokens: readonly Token[], myEmail: string): Record<string, QueryValue> {
  const query: Record<string, QueryValue> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.negated) {
      continue;
    }
    if (token.kind === 'words') {
      words.push(token.text);
      continue;
    }
    if (token.values.length === 0 || token.values.some((value) => value.includes('*'))) {
      continue;
    }
    if (token.key === 'sev') {
      const names = token.values.map((value) => severityOfRank(normalizeSeverity(value) ?? ''));
      query.severity = names.filter((name) => name !== undefined).join(',');
    } else if (token.key === 'status') {
      query.status = token.values.join(',').toLowerCase();
    } else if (token.key === 'assignee' && token.values.length === 1) {
      query.assignee = token.values[0]?.toLowerCase() === 'me' ? myEmail : token.values[0];
    } else if ((token.key === 'service' || token.key === 'source') && token.values.length === 1) {
      query[token.key] = token.values[0];
    }
  }
  if (words.length === 1) {
    query.q = words[0];
  }
  return query;
}
