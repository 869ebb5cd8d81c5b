import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import type { Incident } from '../../api/types';
import { queryClient } from '../../app/queryClient';
import { compile, type FilterSpec, parse } from '../../ui/filter/language';
import { serverQuery, VIEWS } from './incidentFilter';
import { fetchIncidents, INCIDENT_LIST_KEY, LIST_LIMIT } from './incidentsApi';
import { acceptPending, fromFetch, type ListData, mergeFetched } from './listData';
import { type SortKey, sortIncidents } from './sorting';

const NO_ROWS: readonly string[] = [];

async function load(query: ReturnType<typeof serverQuery>, key: readonly unknown[], signal: AbortSignal) {
  const page = await fetchIncidents({ ...query, limit: LIST_LIMIT, sort: 'attention' }, signal);
  const known = queryClient.getQueryData<ListData>(key);
  return known ? mergeFetched(known, page) : fromFetch(page);
}

function incidentsOf(data: ListData | undefined, ids: readonly string[]): Incident[] {
  const found: Incident[] = [];
  for (const id of ids) {
    const incident = data?.byId.get(id);
    if (incident) {
      found.push(incident);
    }
  }
  return found;
}

/** The first page of everything; above its limit, the server filters as far as it can and the page does the rest. */
export function useIncidentList(
  filter: string,
  sort: readonly SortKey[],
  spec: FilterSpec<Incident>,
  me: string,
) {
  const tokens = useMemo(() => parse(filter), [filter]);
  const everything = useQuery({
    queryKey: [...INCIDENT_LIST_KEY, 'all'],
    queryFn: ({ signal }) => load({}, [...INCIDENT_LIST_KEY, 'all'], signal),
    structuralSharing: false,
  });
  const tooMany = everything.data !== undefined && everything.data.total > everything.data.byId.size;
  const narrowing = serverQuery(tokens, me);
  const narrowed = Object.keys(narrowing).length > 0;
  const narrowKey = [...INCIDENT_LIST_KEY, narrowing];
  const onServer = useQuery({
    queryKey: narrowKey,
    queryFn: ({ signal }) => load(narrowing, narrowKey, signal),
    enabled: tooMany && narrowed,
    structuralSharing: false,
  });
  const onServerActive = tooMany && narrowed;
  const data = (onServerActive ? onServer.data : undefined) ?? everything.data;

  useEffect(() => {
    // Whoever opens the page wants to see everything there is: nothing waits from before.
    queryClient.setQueryData<ListData>([...INCIDENT_LIST_KEY, 'all'], (known) =>
      known && known.pending.length > 0 ? acceptPending(known) : known,
    );
  }, []);

  const matches = useMemo(() => compile(tokens, spec), [tokens, spec]);
  const revision = data?.revision;
  const ids = data?.ids;

  // Order and membership are computed when the rows, the filter or the sort change, not when a cell is patched.
  // biome-ignore lint/correctness/useExhaustiveDependencies: byId changes with every patch, which must not move rows
  const order = useMemo(() => {
    if (!ids) {
      return NO_ROWS;
    }
    return sortIncidents(incidentsOf(data, ids).filter(matches), sort).map((incident) => incident.id);
  }, [revision, ids, matches, sort]);

  const rows = useMemo(() => incidentsOf(data, order), [data, order]);
  const waiting = useMemo(
    () => incidentsOf(data, data?.pending ?? NO_ROWS).filter(matches).length,
    [data, matches],
  );
  const outdated = useMemo(() => rows.filter((row) => !matches(row)).length, [rows, matches]);
  const viewCounts = useViewCounts(everything.data, spec);

  const accept = () => {
    queryClient.setQueriesData<ListData>(
      { queryKey: INCIDENT_LIST_KEY },
      (known) => known && acceptPending(known),
    );
  };

  return {
    rows,
    waiting,
    outdated,
    accept,
    viewCounts,
    total: everything.data?.total ?? 0,
    byId: data?.byId,
    tooMany,
    onServer: onServerActive,
    isPending: everything.isPending,
    isStopped: everything.isPending && everything.fetchStatus === 'idle',
    stop: () => queryClient.cancelQueries({ queryKey: INCIDENT_LIST_KEY }),
    isFetching: everything.isFetching || (onServerActive && onServer.isFetching),
    error: data ? null : (everything.error ?? null),
    staleError: data ? (everything.error ?? onServer.error) : null,
    refetch: everything.refetch,
  };
}

function useViewCounts(data: ListData | undefined, spec: FilterSpec<Incident>): readonly number[] {
  const predicates = useMemo(() => VIEWS.map((view) => compile(parse(view.filter), spec)), [spec]);
  return useMemo(() => {
    const counts = VIEWS.map(() => 0);
    for (const incident of data?.byId.values() ?? []) {
      predicates.forEach((matches, index) => {
        if (matches(incident)) {
          counts[index] = (counts[index] ?? 0) + 1;
        }
      });
    }
    return counts;
  }, [data, predicates]);
}
