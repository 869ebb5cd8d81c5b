import { useQuery } from '@tanstack/react-query';
import type { Alert, AlertEvent } from '../../api/types';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { Moment } from '../../ui/Time';
import { tell, tellFailure } from '../../ui/toasts';
import { fetchAlertEvents } from './alertsApi';

type Props = { alert: Alert; showsPayload: boolean; onPayload: (id: string | null) => void };

const ACTION_WORDS: Record<AlertEvent['action'], string> = {
  trigger: 'Triggered',
  acknowledge: 'Acknowledged at the source',
  resolve: 'Resolved',
};

/** What the sender said, in the order it was received; the last one's raw payload on demand. */
export function AlertEvents({ alert, showsPayload, onPayload }: Props) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['alert-events', alert.id, alert.last_seen_at],
    queryFn: ({ signal }) => fetchAlertEvents(alert.id, signal),
  });
  const last = data?.at(-1);
  return (
    <section className="alert-events" aria-label={`Events of ${alert.name}`}>
      {alert.description && <p dir="auto">{alert.description}</p>}
      {isPending && (
        <Loading label="events">
          <SkeletonRows rows={2} height={28} />
        </Loading>
      )}
      {error && !data && <Failed what="Events" error={error} onRetry={refetch} />}
      {data?.length === 0 && <Empty title="No raw events are kept for this alert" />}
      {data && data.length > 0 && (
        <ol>
          {data.map((event) => (
            <li key={event.id}>
              <Moment at={event.received_at} /> <b>{ACTION_WORDS[event.action]}</b>{' '}
              <span className="hint">
                by {event.sender}, began <Moment at={event.occurred_at} />
              </span>
            </li>
          ))}
        </ol>
      )}
      {last && (
        <div className="row">
          <button
            type="button"
            className="btn"
            aria-pressed={showsPayload}
            onClick={() => onPayload(showsPayload ? null : alert.id)}
          >
            Raw payload <kbd>P</kbd>
          </button>
          {showsPayload && (
            <button type="button" className="btn ghost" onClick={() => copy(last)}>
              Copy
            </button>
          )}
          {alert.url && /^https?:/.test(alert.url) && (
            <a className="btn ghost" href={alert.url} target="_blank" rel="noopener noreferrer">
              Open at {alert.source}
            </a>
          )}
        </div>
      )}
      {last && showsPayload && (
        <pre className="payload" tabIndex={0}>
          {JSON.stringify(last.raw, null, 2)}
        </pre>
      )}
    </section>
  );
}

async function copy(event: AlertEvent): Promise<void> {
  try {
    await navigator.clipboard.writeText(JSON.stringify(event.raw, null, 2));
    tell('Payload copied');
  } catch {
    tellFailure('The browser did not allow copying. Select the text instead.');
  }
}
