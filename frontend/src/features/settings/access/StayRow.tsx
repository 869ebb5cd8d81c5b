import type { ProviderStay } from '../../../api/types';
import { duration } from '../../../ui/age';
import { Tag } from '../../../ui/Tag';
import { Moment } from '../../../ui/Time';

export function StayRow({ stay }: { stay: ProviderStay }) {
  const end = stay.ended_at ?? stay.ends_at;
  const lasted = (Date.parse(end) - Date.parse(stay.starts_at)) / 1000;
  return (
    <li>
      <span className="stay-who">
        <b className="clip" title={stay.by}>
          {stay.by}
        </b>
        <span className="stay-reason" dir="auto">
          {stay.reason}
        </span>
      </span>
      <span className="stay-may">{stay.read_only ? 'read only' : 'may change things'}</span>
      <span className="stay-when num">
        <span>
          <Moment at={stay.starts_at} /> to <Moment at={end} />
        </span>
        <span className="hint">
          {duration(lasted)}
          {stay.ended_at && ', ended early'}
        </span>
      </span>
      <span className="stay-state">
        <Tag tone={stay.is_running ? 'warn' : 'off'}>{stay.is_running ? 'inside now' : 'ended'}</Tag>
      </span>
    </li>
  );
}
