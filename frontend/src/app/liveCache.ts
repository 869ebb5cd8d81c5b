// What each live event means for the data that the page holds.
import type { QueryClient } from '@tanstack/react-query';
import type { Incident } from '../api/types';
import { INCIDENT_LIST_KEY } from '../features/incidents/incidentsApi';
import { applyChange, changedFields, type ListData } from '../features/incidents/listData';
import { tintCells } from '../features/incidents/tints';
import type { LiveEvent } from './live';
import { createStore } from './store';

const NUMBERS_EVERY_MS = 1_000;
const CHARTS_EVERY_MS = 15_000;

/** Alert changes since the alert list was last fetched: it offers them behind a pill. */
export const alertChanges = createStore(0);

function patchLists(client: QueryClient, incident: Incident): void {
  for (const [key, data] of client.getQueriesData<ListData>({ queryKey: INCIDENT_LIST_KEY })) {
    if (!data) {
      continue;
    }
    const known = data.byId.get(incident.id);
    const next = applyChange(data, incident);
    if (next !== data) {
      client.setQueryData(key, next);
      tintCells(incident.id, known ? changedFields(known, incident) : []);
    }
  }
}

function patchSingle(client: QueryClient, incident: Incident): void {
  for (const [key, known] of client.getQueriesData<Incident>({ queryKey: ['incident'] })) {
    if (known?.id === incident.id && incident.version >= known.version) {
      client.setQueryData(key, incident);
    }
  }
}

/** At once for the first call, then at most once per interval, and never losing the last one. */
export function throttle(work: () => void, everyMs: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = false;
  const run = () => {
    work();
    asked = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (asked) {
        run();
      }
    }, everyMs);
  };
  return () => {
    asked = true;
    if (timer === undefined) {
      run();
    }
  };
}

export function applyIncident(client: QueryClient, incident: Incident): void {
  patchLists(client, incident);
  patchSingle(client, incident);
}

export function liveCache(client: QueryClient) {
  const refreshNumbers = throttle(() => {
    client.invalidateQueries({ queryKey: ['overview'] });
  }, NUMBERS_EVERY_MS);
  const refreshCharts = throttle(() => {
    client.invalidateQueries({ queryKey: ['overview-charts'] });
  }, CHARTS_EVERY_MS);

  const onEvent = (event: LiveEvent) => {
    if (event.type === 'incident.changed') {
      applyIncident(client, event.incident);
      client.invalidateQueries({ queryKey: ['timeline'] });
      refreshNumbers();
      refreshCharts();
    } else if (event.type === 'alerts.changed') {
      alertChanges.set(alertChanges.get() + event.count);
      client.invalidateQueries({ queryKey: ['incident-alerts'] });
      refreshNumbers();
      refreshCharts();
    } else if (event.type === 'timeline.added') {
      client.invalidateQueries({ queryKey: ['timeline'] });
    }
  };

  const catchUp = () =>
    client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'permissions' });

  return { onEvent, catchUp };
}
