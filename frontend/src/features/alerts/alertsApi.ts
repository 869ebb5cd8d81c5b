import { get } from '../../api/client';
import type { Alert, AlertEvent, Page } from '../../api/types';
import type { QueryValue } from '../../api/wire';
import { itemsOf } from '../incidents/incidentsApi';

const PAGE_SIZE = 100;

export function fetchAlerts(
  query: Record<string, QueryValue>,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<Alert>> {
  return get<Page<Alert>>('/api/alerts', { ...query, limit: PAGE_SIZE, cursor }, signal);
}

export async function fetchAlertEvents(id: string, signal?: AbortSignal): Promise<AlertEvent[]> {
  const path = `/api/alerts/${encodeURIComponent(id)}/events`;
  return itemsOf(await get<Page<AlertEvent> | AlertEvent[]>(path, {}, signal));
}
