// The loaded incident list, and how live events change it without moving a row. Pure.
import type { Incident } from '../../api/types';

export type ListData = {
  byId: ReadonlyMap<string, Incident>;
  /** Rows on the page. What arrives later waits in `pending` until it is asked for. */
  ids: readonly string[];
  pending: readonly string[];
  total: number;
  /** Grows when order and filter may be computed anew; a patched cell alone never moves a row. */
  revision: number;
};

export type Fetched = { items: readonly Incident[]; total: number };

export function fromFetch({ items, total }: Fetched): ListData {
  const byId = new Map(items.map((incident) => [incident.id, incident]));
  return { byId, ids: [...byId.keys()], pending: [], total, revision: 1 };
}

function isNewer(candidate: Incident, known: Incident): boolean {
  if (candidate.version !== known.version) {
    return candidate.version > known.version;
  }
  return candidate.updated_at >= known.updated_at;
}

export function applyChange(data: ListData, incident: Incident): ListData {
  const known = data.byId.get(incident.id);
  if (known && !isNewer(incident, known)) {
    return data;
  }
  const byId = new Map(data.byId).set(incident.id, incident);
  if (known) {
    return { ...data, byId };
  }
  return settled({ ...data, byId, pending: [incident.id, ...data.pending], total: data.total + 1 });
}

/** A refetch: known rows are patched where they stand, unknown ones wait, what the server no longer has goes. */
export function mergeFetched(data: ListData, { items, total }: Fetched): ListData {
  const complete = items.length >= total;
  const byId = new Map(complete ? [] : data.byId);
  for (const incident of items) {
    const known = data.byId.get(incident.id);
    byId.set(incident.id, known && !isNewer(incident, known) ? known : incident);
  }
  const unknown = items.filter((incident) => !data.byId.has(incident.id)).map((incident) => incident.id);
  return settled({
    byId,
    ids: data.ids.filter((id) => byId.has(id)),
    pending: [...unknown, ...data.pending.filter((id) => byId.has(id))],
    total,
    revision: data.revision,
  });
}

/** Where there is no row, none can move: the first ones come in by themselves. */
function settled(data: ListData): ListData {
  return data.ids.length === 0 && data.pending.length > 0 ? acceptPending(data) : data;
}

export function acceptPending(data: ListData): ListData {
  return { ...data, ids: [...data.pending, ...data.ids], pending: [], revision: data.revision + 1 };
}

export type ChangedField = 'severity' | 'status' | 'title' | 'service' | 'alert_count' | 'assignee';

const SHOWN: readonly ChangedField[] = ['severity', 'status', 'title', 'service', 'alert_count', 'assignee'];

/** The cells that a person would see change. */
export function changedFields(before: Incident, after: Incident): ChangedField[] {
  return SHOWN.filter((field) => before[field] !== after[field]);
}
