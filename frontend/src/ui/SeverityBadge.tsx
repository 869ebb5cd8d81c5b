import type { Severity } from '../api/types';

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

const NAMES: Record<Severity, string> = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  info: 'Info',
};

/** 1 for critical … 5 for info: the number in P1 … P5. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}

export function severityWords(severity: Severity): string {
  return `P${severityRank(severity)} ${NAMES[severity]}`;
}

/** Number, word, how many bars are lit, and colour: readable without any one of them. */
export function SeverityBadge({ severity, short = false }: { severity: Severity; short?: boolean }) {
  const rank = severityRank(severity);
  return (
    <span className={`sev sev${rank}`} title={severityWords(severity)}>
      <svg width="11" height="10" aria-hidden="true">
        {[0, 1, 2, 3].map((bar) => (
          <rect
            key={bar}
            x={bar * 3}
            y={7 - bar * 2}
            width="2"
            height={3 + bar * 2}
            fill="currentColor"
            opacity={bar < 5 - rank ? 1 : 0.28}
          />
        ))}
      </svg>
      {short ? (
        <>
          P{rank}
          <span className="visually-hidden"> {NAMES[severity]}</span>
        </>
      ) : (
        severityWords(severity)
      )}
    </span>
  );
}
