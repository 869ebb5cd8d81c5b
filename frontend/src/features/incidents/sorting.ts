// Row order: attention by default (not acknowledged first, then severity, then newest), or up to two columns. Pure.
import type { Incident, IncidentStatus } from '../../api/types';
import { severityRank } from '../../ui/SeverityBadge';
import { STATUSES } from '../../ui/StatusRing';

export type SortColumn =
  | 'severity'
  | 'status'
  | 'reference'
  | 'title'
  | 'service'
  | 'alerts'
  | 'assignee'
  | 'age';
export type SortKey = { column: SortColumn; descending: boolean };

const COLUMNS: readonly SortColumn[] = [
  'severity',
  'status',
  'reference',
  'title',
  'service',
  'alerts',
  'assignee',
  'age',
];
const NOT_ACKNOWLEDGED: ReadonlySet<IncidentStatus> = new Set(['triggered', 'open', 'reopened']);
const ENDED: ReadonlySet<IncidentStatus> = new Set(['resolved', 'closed']);
const MOST_KEYS = 2;
const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function isNotAcknowledged(incident: Incident): boolean {
  return NOT_ACKNOWLEDGED.has(incident.status);
}

export function isEnded(incident: Incident): boolean {
  return ENDED.has(incident.status);
}

/** As in the URL: `severity,-age`. Unknown columns are left out. */
export function parseSort(text: string | undefined): SortKey[] {
  const keys: SortKey[] = [];
  for (const part of (text ?? '').split(',')) {
    const descending = part.startsWith('-');
    const column = COLUMNS.find((known) => known === part.replace(/^-/, ''));
    if (column && keys.length < MOST_KEYS && !keys.some((key) => key.column === column)) {
      keys.push({ column, descending });
    }
  }
  return keys;
}

export function writeSort(keys: readonly SortKey[]): string | undefined {
  if (keys.length === 0) {
    return undefined;
  }
  return keys.map((key) => (key.descending ? `-${key.column}` : key.column)).join(',');
}

/** A click on a header: ascending, then descending, then the default order. With shift it is a second key. */
export function toggleSort(keys: readonly SortKey[], column: SortColumn, second: boolean): SortKey[] {
  const known = keys.find((key) => key.column === column);
  const others = second ? keys.filter((key) => key.column !== column) : [];
  if (!known) {
    return [...others.slice(0, MOST_KEYS - 1), { column, descending: false }];
  }
  if (known.descending) {
    return others;
  }
  const flipped = { column, descending: true };
  return second ? keys.map((key) => (key === known ? flipped : key)) : [flipped];
}

function byAttention(a: Incident, b: Incident): number {
  return (
    attentionGroup(a) - attentionGroup(b) ||
    severityRank(a.severity) - severityRank(b.severity) ||
    newestFirst(a, b)
  );
}

function attentionGroup(incident: Incident): number {
  if (isNotAcknowledged(incident)) {
    return 0;
  }
  return isEnded(incident) ? 2 : 1;
}

function newestFirst(a: Incident, b: Incident): number {
  if (a.created_at === b.created_at) {
    return a.id < b.id ? 1 : -1;
  }
  return a.created_at < b.created_at ? 1 : -1;
}

/** Nobody and nothing sort last in ascending order. */
function compareText(a: string | null, b: string | null): number {
  if (a === b) {
    return 0;
  }
  if (a === null || b === null) {
    return a === null ? 1 : -1;
  }
  return words.compare(a, b);
}

const COMPARE: Record<SortColumn, (a: Incident, b: Incident) => number> = {
  severity: (a, b) => severityRank(a.severity) - severityRank(b.severity),
  status: (a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status),
  reference: (a, b) => (a.reference < b.reference ? -1 : a.reference > b.reference ? 1 : 0),
  title: (a, b) => compareText(a.title, b.title),
  service: (a, b) => compareText(a.service, b.service),
  alerts: (a, b) => a.alert_count - b.alert_count,
  assignee: (a, b) => compareText(a.assignee, b.assignee),
  age: (a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0),
};

export function sortIncidents(incidents: readonly Incident[], keys: readonly SortKey[]): Incident[] {
  return incidents.toSorted((a, b) => {
    for (const key of keys) {
      const order = COMPARE[key.column](a, b);
      if (order !== 0) {
        return key.descending ? -order : order;
      }
    }
    return byAttention(a, b);
  });
}
