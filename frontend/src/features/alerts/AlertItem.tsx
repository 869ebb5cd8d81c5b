import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { Alert } from '../../api/types';
import { AlertStatus } from '../../ui/AlertStatus';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { Age } from '../../ui/Time';
import { AlertEvents } from './AlertEvents';

type Props = {
  alert: Alert;
  isCursor: boolean;
  isOpen: boolean;
  showsPayload: boolean;
  onCursor: (id: string) => void;
  onOpen: (id: string | undefined) => void;
  onPayload: (id: string | null) => void;
  onLabel: (name: string, value: string) => void;
};

const LABELS_SHOWN = 6;

export const AlertItem = memo(function AlertItem(props: Props) {
  const { alert, isOpen } = props;
  return (
    <div
      className={props.isCursor ? 'alert cursor' : 'alert'}
      aria-current={props.isCursor ? 'true' : undefined}
      onClick={() => props.onCursor(alert.id)}
    >
      <div className="alert-line">
        <button
          type="button"
          className="btn ghost square"
          aria-expanded={isOpen}
          aria-label={`Events of ${alert.name}`}
          onClick={() => props.onOpen(isOpen ? undefined : alert.id)}
        >
          {isOpen ? (
            <IconChevronDown size={16} stroke={1.6} aria-hidden />
          ) : (
            <IconChevronRight size={16} stroke={1.6} aria-hidden />
          )}
        </button>
        <SeverityBadge severity={alert.severity} />
        <AlertStatus status={alert.status} />
        <span className="alert-name" dir="auto" title={alert.description || alert.name}>
          {alert.name}
        </span>
        <span className="alert-count num" title="Times received">
          ×{alert.occurrences.toLocaleString('en')}
        </span>
        <span className="muted num alert-times">
          first <Age since={alert.first_seen_at} />, last <Age since={alert.last_seen_at} /> ago
        </span>
      </div>
      <div className="alert-line alert-second">
        <WhyInIncident alert={alert} />
        <span className="muted">
          {alert.source}
          {alert.service && ` · ${alert.service}`}
          {alert.environment && ` · ${alert.environment}`}
        </span>
        {alert.warnings.map((warning) => (
          <span key={warning} className="warn">
            {warning}
          </span>
        ))}
      </div>
      <div className="alert-line alert-labels">
        <Labels alert={alert} onLabel={props.onLabel} />
      </div>
      {isOpen && <AlertEvents alert={alert} showsPayload={props.showsPayload} onPayload={props.onPayload} />}
    </div>
  );
});

function WhyInIncident({ alert }: { alert: Alert }) {
  if (!alert.incident_reference) {
    return <span className="hint">{alert.link_reason ?? 'In no incident'}</span>;
  }
  return (
    <span className="alert-why">
      <Link to="/incidents/$ref" params={{ ref: alert.incident_reference }} className="mono">
        {alert.incident_reference}
      </Link>{' '}
      <span className="hint">{alert.link_reason ?? alert.link_rule?.replaceAll('_', ' ')}</span>
    </span>
  );
}

function Labels({ alert, onLabel }: { alert: Alert; onLabel: Props['onLabel'] }) {
  const labels = Object.entries(alert.labels);
  const more = labels.length - LABELS_SHOWN;
  return (
    <>
      {labels.slice(0, LABELS_SHOWN).map(([name, value]) => (
        <button
          key={name}
          type="button"
          className="chip"
          title={`Filter for ${name}=${value}`}
          onClick={() => onLabel(name, value)}
        >
          <span className="clip">
            {name}={value}
          </span>
        </button>
      ))}
      {more > 0 && <span className="hint">and {more} more</span>}
    </>
  );
}
