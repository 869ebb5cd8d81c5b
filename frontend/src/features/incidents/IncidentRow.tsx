import { memo } from 'react';
import type { Incident } from '../../api/types';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { StatusRing } from '../../ui/StatusRing';
import { Age } from '../../ui/Time';
import type { ChangedField } from './listData';

type Props = {
  incident: Incident;
  index: number;
  top: number;
  isCursor: boolean;
  isSelected: boolean;
  mayWrite: boolean;
  tints: ReadonlySet<ChangedField>;
  onCursor: (id: string) => void;
  onToggle: (id: string) => void;
};

export const IncidentRow = memo(function IncidentRow(props: Props) {
  const { incident, tints } = props;
  const tint = (field: ChangedField, name: string) => (tints.has(field) ? `${name} tint` : name);
  const classes = ['grid-row'];
  if (props.isCursor) {
    classes.push('cursor');
  }
  if (props.isSelected) {
    classes.push('selected');
  }
  return (
    <div
      role="row"
      id={`row-${incident.id}`}
      className={classes.join(' ')}
      aria-rowindex={props.index + 2}
      aria-selected={props.isSelected}
      style={{ transform: `translateY(${props.top}px)` }}
      onClick={() => props.onCursor(incident.id)}
    >
      <div role="gridcell" className="c-select">
        {props.mayWrite && (
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select ${incident.reference}`}
            checked={props.isSelected}
            onChange={() => props.onToggle(incident.id)}
          />
        )}
      </div>
      <div role="gridcell" className={tint('severity', 'c-severity')}>
        <SeverityBadge severity={incident.severity} />
      </div>
      <div role="gridcell" className={tint('status', 'c-status')}>
        <StatusRing status={incident.status} />
      </div>
      <div role="gridcell" className="c-reference mono muted">
        {incident.reference}
      </div>
      <div role="gridcell" className={tint('title', 'c-title')}>
        <a href={`/incidents/${incident.reference}`} tabIndex={-1} title={incident.title} dir="auto">
          {incident.title}
        </a>
      </div>
      <div
        role="gridcell"
        className={tint('service', 'c-service muted')}
        title={incident.service ?? undefined}
      >
        {incident.service ?? '–'}
      </div>
      <div role="gridcell" className={tint('alert_count', 'c-alerts num muted')}>
        {incident.alert_count}
      </div>
      <div role="gridcell" className={tint('assignee', 'c-assignee')} title={incident.assignee ?? undefined}>
        {incident.assignee ? (
          <span className="muted">{incident.assignee.split('@')[0]}</span>
        ) : (
          <span className="nobody">Nobody yet</span>
        )}
      </div>
      <div role="gridcell" className="c-age muted">
        <Age since={incident.created_at} />
      </div>
    </div>
  );
});
