import {
  IconAlertTriangle,
  IconArrowRight,
  IconBell,
  IconBellCheck,
  IconClockPause,
  IconClockPlay,
  IconGitMerge,
  IconMessage,
  IconPencil,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { TimelineEntry } from '../../api/types';
import { Markdown } from '../../ui/Markdown';
import { Moment } from '../../ui/Time';
import { isBackdated, reasonOf, relatedIn, sentenceOf, sourceName, textOf } from './timelineKinds';

const ICONS: Record<string, typeof IconBell> = {
  incident_created: IconAlertTriangle,
  status_changed: IconArrowRight,
  alert_linked: IconBell,
  alert_resolved: IconBellCheck,
  note: IconMessage,
  field_changed: IconPencil,
  snoozed: IconClockPause,
  snooze_ended: IconClockPlay,
  related: IconGitMerge,
};

function actorName(entry: TimelineEntry): string {
  if (entry.actor_kind === 'system') {
    return 'Opsplane';
  }
  return entry.actor_kind === 'api_key' ? `API key ${entry.actor}` : sourceName(entry.actor);
}

export const TimelineItem = memo(function TimelineItem({ entry }: { entry: TimelineEntry }) {
  const Icon = ICONS[entry.event_type] ?? IconPencil;
  const reason = reasonOf(entry);
  const until = entry.event_type === 'snoozed' ? textOf(entry.payload, 'until') : '';
  return (
    <li id={`entry-${entry.id}`} className={`entry entry-${entry.event_type}`}>
      <a className="entry-time" href={`#entry-${entry.id}`} title="Link to this entry">
        <Moment at={entry.occurred_at} />
      </a>
      <span className="entry-icon">
        <Icon size={16} stroke={1.6} aria-hidden />
      </span>
      <div className="entry-body">
        <p>
          <b dir="auto">{actorName(entry)}</b> {sentenceOf(entry)}
          {until && (
            <>
              {' '}
              until <Moment at={until} />
            </>
          )}
          {isBackdated(entry) && (
            <span className="hint">
              {' '}
              (time set back, written at <Moment at={entry.created_at} />)
            </span>
          )}
        </p>
        {reason && <p className="hint">{reason}</p>}
        {entry.event_type === 'note' && <Markdown source={textOf(entry.payload, 'text')} />}
        {relatedIn(entry).map((related) => (
          <p key={related.reference}>
            <Link to="/incidents/$ref" params={{ ref: related.reference }}>
              <span className="mono">{related.reference}</span> {related.title}
            </Link>{' '}
            <span className="hint">{related.reason}</span>
          </p>
        ))}
      </div>
    </li>
  );
});
