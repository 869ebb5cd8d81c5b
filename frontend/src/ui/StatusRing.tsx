import type { IncidentStatus } from '../api/types';

export const STATUSES: readonly IncidentStatus[] = [
  'triggered',
  'open',
  'acknowledged',
  'investigating',
  'resolved',
  'closed',
  'reopened',
];

const FILL: Record<IncidentStatus, number> = {
  triggered: 0,
  open: 0,
  acknowledged: 0.25,
  investigating: 0.5,
  resolved: 1,
  closed: 1,
  reopened: 0,
};
const PIE_RADIUS = 2;
const PIE_LENGTH = 2 * Math.PI * PIE_RADIUS;

export function statusWord(status: IncidentStatus): string {
  return status.charAt(0).toUpperCase() + status.slice(1);
}

/** How full the ring is, the word, and colour. On a phone the word may be hidden from sight, never from a reader. */
export function StatusRing({ status }: { status: IncidentStatus }) {
  const fill = FILL[status];
  const unseen = fill === 0;
  const dotted = status === 'open' || status === 'reopened';
  return (
    <span className="status">
      <svg className={`icon ring-${status}`} width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        <circle
          cx="7"
          cy="7"
          r="6"
          fill={fill === 1 ? 'currentColor' : 'none'}
          stroke="currentColor"
          strokeWidth="1.6"
          strokeDasharray={unseen ? '2.2 1.6' : undefined}
        />
        {dotted && <circle cx="7" cy="7" r="2.2" fill="currentColor" />}
        {fill > 0 && fill < 1 && (
          <circle
            cx="7"
            cy="7"
            r={PIE_RADIUS}
            fill="none"
            stroke="currentColor"
            strokeWidth={PIE_RADIUS * 2}
            strokeDasharray={`${PIE_LENGTH * fill} ${PIE_LENGTH}`}
            transform="rotate(-90 7 7)"
          />
        )}
        {fill === 1 && <path d="M4.2 7.2l2 2 3.6-4" stroke="var(--bg-1)" strokeWidth="1.6" fill="none" />}
      </svg>
      <span className="status-word">
        {statusWord(status)}
        {status === 'reopened' && <span aria-hidden="true"> ↺</span>}
      </span>
    </span>
  );
}
