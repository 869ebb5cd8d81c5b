// The kinds of timeline entries a person filters by, and the sentence that each entry is. Pure.
import type { TimelineEntry } from '../../api/types';
import { SEVERITIES, severityWords } from '../../ui/SeverityBadge';
import { STATUSES, statusWord } from '../../ui/StatusRing';

export type EntryKind = 'notes' | 'status' | 'alerts' | 'changes' | 'related';

export const KINDS: readonly { kind: EntryKind; name: string }[] = [
  { kind: 'notes', name: 'Notes' },
  { kind: 'status', name: 'Status' },
  { kind: 'alerts', name: 'Alerts' },
  { kind: 'changes', name: 'Changes' },
  { kind: 'related', name: 'Related' },
];

const KIND_OF: Record<string, EntryKind> = {
  incident_created: 'status',
  status_changed: 'status',
  snoozed: 'status',
  snooze_ended: 'status',
  alert_linked: 'alerts',
  alert_resolved: 'alerts',
  note: 'notes',
  field_changed: 'changes',
  related: 'related',
};

export function kindOf(entry: TimelineEntry): EntryKind {
  return KIND_OF[entry.event_type] ?? 'changes';
}

export function textOf(payload: TimelineEntry['payload'], key: string): string {
  const value = payload[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function readable(field: string, value: string): string {
  if (value === '') {
    return 'nothing';
  }
  const status = STATUSES.find((known) => known === value);
  const severity = SEVERITIES.find((known) => known === value);
  if (field === 'status' && status) {
    return statusWord(status);
  }
  return field === 'severity' && severity ? severityWords(severity) : value;
}

/** `source:alertmanager` is how a source is told from a person; people read its name. */
export function sourceName(actor: string): string {
  return actor.replace(/^source:/, '');
}

/** What happened, to be read after the actor's name. Notes and related incidents are shown by their own parts. */
export function sentenceOf(entry: TimelineEntry): string {
  const { payload } = entry;
  const of = (key: string) => textOf(payload, key);
  switch (entry.event_type) {
    case 'incident_created':
      return `opened the incident as ${readable('severity', of('severity'))}`;
    case 'status_changed':
      return `moved it from ${readable('status', of('from'))} to ${readable('status', of('to'))}`;
    case 'alert_linked': {
      const count = Number(payload.count ?? 1);
      return `linked “${of('name')}”${count > 1 ? ` ×${count.toLocaleString('en')}` : ''}`;
    }
    case 'alert_resolved':
      return `resolved the alert “${of('name')}”`;
    case 'field_changed': {
      const field = of('field');
      const from = readable(field, of('from'));
      return `changed ${field.replaceAll('_', ' ')} from ${from} to ${readable(field, of('to'))}`;
    }
    case 'snoozed':
      return 'snoozed it';
    case 'snooze_ended':
      return 'ended the snooze';
    case 'related':
      return 'found related incidents';
    case 'note':
      return 'wrote';
    default:
      return entry.event_type.replaceAll('_', ' ');
  }
}

/** Why it happened, if the entry says so. */
export function reasonOf(entry: TimelineEntry): string {
  return textOf(entry.payload, 'reason');
}

export function isBackdated(entry: TimelineEntry): boolean {
  return entry.payload.backdated === true;
}

export type RelatedIncident = { id: string; reference: string; title: string; reason: string };

function isRelated(value: unknown): value is RelatedIncident {
  return value !== null && typeof value === 'object' && 'reference' in value && 'title' in value;
}

export function relatedIn(entry: TimelineEntry): RelatedIncident[] {
  const list = entry.payload.incidents;
  return Array.isArray(list) ? list.filter(isRelated) : [];
}

export function allRelated(entries: readonly TimelineEntry[]): RelatedIncident[] {
  const byReference = new Map<string, RelatedIncident>();
  for (const entry of entries) {
    for (const related of relatedIn(entry)) {
      byReference.set(related.reference, related);
    }
  }
  return [...byReference.values()];
}
