// What may be done to an incident now. The server's `next_statuses` decides on single steps; the verbs acknowledge and
// resolve walk the chain. Pure.
import type { Incident, IncidentStatus } from '../../api/types';
import type { BulkKind } from './BulkDialog';
import { isEnded } from './sorting';

export type Move =
  | { kind: 'acknowledge'; name: string }
  | { kind: 'resolve'; name: string }
  | { kind: 'reopen'; name: string }
  | { kind: 'step'; name: string; to: IncidentStatus };

const BEFORE_ACKNOWLEDGED: readonly IncidentStatus[] = ['triggered', 'open'];
const STEP_NAMES: Partial<Record<IncidentStatus, string>> = {
  open: 'Mark as open',
  investigating: 'Start investigating',
  closed: 'Close',
};

export function mayAcknowledge(incident: Incident): boolean {
  return BEFORE_ACKNOWLEDGED.includes(incident.status);
}

export function mayResolve(incident: Incident): boolean {
  return !isEnded(incident);
}

function stepMove(to: IncidentStatus): Move | null {
  switch (to) {
    case 'acknowledged':
    case 'resolved':
      return null;
    case 'reopened':
      return { kind: 'reopen', name: 'Reopen' };
    default:
      return { kind: 'step', name: STEP_NAMES[to] ?? `Move to ${to}`, to };
  }
}

/** The first is the one primary button; the rest are beside it. Empty for a closed incident. */
export function movesOf(incident: Incident): Move[] {
  const steps = incident.next_statuses.map(stepMove).filter((move) => move !== null);
  const moves: Move[] = [];
  if (mayAcknowledge(incident)) {
    moves.push({ kind: 'acknowledge', name: 'Acknowledge' });
  }
  const resolve: Move[] = mayResolve(incident) ? [{ kind: 'resolve', name: 'Resolve' }] : [];
  const startsWithStep = incident.status === 'acknowledged' || incident.status === 'reopened';
  return startsWithStep ? [...moves, ...steps, ...resolve] : [...moves, ...resolve, ...steps];
}

export function isAllowed(kind: BulkKind, incident: Incident): boolean {
  switch (kind) {
    case 'acknowledge':
      return mayAcknowledge(incident);
    case 'resolve':
      return mayResolve(incident);
    default:
      return incident.status !== 'closed';
  }
}

export function isAllowedForAll(kind: BulkKind, incidents: readonly Incident[]): boolean {
  return incidents.every((incident) => isAllowed(kind, incident));
}
