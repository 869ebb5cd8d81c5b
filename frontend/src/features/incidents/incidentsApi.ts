// Every request that the incident screens make.
import { get, patch, post } from '../../api/client';
import type { Incident, IncidentStatus, LinkedAlert, Page, Severity, TimelineEntry } from '../../api/types';
import type { QueryValue } from '../../api/wire';

export const INCIDENT_LIST_KEY = ['incidents'] as const;
export const LIST_LIMIT = 5_000;

type Paged<Item> = Page<Item> | Item[];

/** Some lists are plain, some are paged: the screens want the items. */
export function itemsOf<Item>(answer: Paged<Item>): Item[] {
  return Array.isArray(answer) ? answer : answer.items;
}

export function fetchIncidents(
  query: Record<string, QueryValue>,
  signal?: AbortSignal,
): Promise<Page<Incident>> {
  return get<Page<Incident>>('/api/incidents', query, signal);
}

export function fetchIncident(ref: string, signal?: AbortSignal): Promise<Incident> {
  return get<Incident>(`/api/incidents/${encodeURIComponent(ref)}`, {}, signal);
}

export async function fetchTimeline(ref: string, signal?: AbortSignal): Promise<TimelineEntry[]> {
  const path = `/api/incidents/${encodeURIComponent(ref)}/timeline`;
  return itemsOf(await get<Paged<TimelineEntry>>(path, { limit: LIST_LIMIT }, signal));
}

export async function fetchIncidentAlerts(ref: string, signal?: AbortSignal): Promise<LinkedAlert[]> {
  const path = `/api/incidents/${encodeURIComponent(ref)}/alerts`;
  return itemsOf(await get<Paged<LinkedAlert>>(path, {}, signal));
}

export type NewIncident = {
  title: string;
  severity: Severity;
  description?: string;
  service?: string;
  environment?: string;
  assignee?: string;
};

export function createIncident(incident: NewIncident): Promise<Incident> {
  return post<Incident>('/api/incidents', incident);
}

export type IncidentChange = {
  title?: string;
  severity?: Severity;
  status?: IncidentStatus;
  assignee?: string | null;
};

export function changeIncident(ref: string, change: IncidentChange, version?: number): Promise<Incident> {
  return patch<Incident>(`/api/incidents/${encodeURIComponent(ref)}`, change, version);
}

export function acknowledgeIncident(ref: string): Promise<Incident> {
  return post<Incident>(`/api/incidents/${encodeURIComponent(ref)}/acknowledge`);
}

export function resolveIncident(ref: string, resolution: string): Promise<Incident> {
  return post<Incident>(
    `/api/incidents/${encodeURIComponent(ref)}/resolve`,
    resolution ? { resolution } : {},
  );
}

export function snoozeIncident(
  ref: string,
  span: { duration: string } | { until: string },
): Promise<Incident> {
  return post<Incident>(`/api/incidents/${encodeURIComponent(ref)}/snooze`, span);
}

export function addNote(ref: string, text: string, occurredAt?: string): Promise<TimelineEntry> {
  const body = occurredAt ? { text, occurred_at: occurredAt } : { text };
  return post<TimelineEntry>(`/api/incidents/${encodeURIComponent(ref)}/notes`, body);
}
