import { useCallback } from 'react';
import type { incidentFilter } from './incidentFilter';
import type { useIncidentList } from './useIncidentList';

/** Values to suggest: what is known beforehand, else what the loaded incidents have, most frequent first. */
export function useFilterValues(
  byId: ReturnType<typeof useIncidentList>['byId'],
  spec: ReturnType<typeof incidentFilter>,
): (key: string) => readonly string[] {
  return useCallback(
    (name: string) => {
      const key = spec.keys.find((known) => known.key === name);
      if (!key || key.key === 'id') {
        return [];
      }
      if (key.known) {
        return key.known;
      }
      const counts = new Map<string, number>();
      for (const incident of byId?.values() ?? []) {
        const value = String(key.read(incident));
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      const frequent = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
      return key.key === 'assignee'
        ? ['me', 'none', ...frequent.filter((value) => value !== 'none')]
        : frequent;
    },
    [byId, spec],
  );
}
