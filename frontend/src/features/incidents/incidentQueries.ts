import { queryOptions } from '@tanstack/react-query';
import { fetchIncident, fetchIncidentAlerts, fetchTimeline } from './incidentsApi';

export function incidentQuery(reference: string) {
  return queryOptions({
    queryKey: ['incident', reference],
    queryFn: ({ signal }) => fetchIncident(reference, signal),
  });
}

export function timelineQuery(reference: string) {
  return queryOptions({
    queryKey: ['timeline', reference],
    queryFn: ({ signal }) => fetchTimeline(reference, signal),
  });
}

export function incidentAlertsQuery(reference: string) {
  return queryOptions({
    queryKey: ['incident-alerts', reference],
    queryFn: ({ signal }) => fetchIncidentAlerts(reference, signal),
  });
}
