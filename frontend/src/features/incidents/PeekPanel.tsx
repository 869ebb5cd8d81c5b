import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Incident } from '../../api/types';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { StatusRing } from '../../ui/StatusRing';
import { Failed, Loading, SkeletonRows } from '../../ui/states';
import './incident.css';
import { AlertsPanel } from './AlertsPanel';
import { IncidentFacts } from './DetailsPanel';
import { IncidentActions } from './IncidentActions';
import { incidentQuery, timelineQuery } from './incidentQueries';
import { TimelineItem } from './TimelineItem';

const LAST_ENTRIES = 8;

/** An incident beside the list, which stays where it is. */
export function PeekPanel({ reference, onClose }: { reference: string; onClose: () => void }) {
  const { data, error, isPending, refetch } = useQuery(incidentQuery(reference));
  return (
    <aside className="peek" aria-label={`Peek at ${reference}`} tabIndex={0}>
      <header>
        {data && (
          <>
            <SeverityBadge severity={data.severity} />
            <StatusRing status={data.status} />
          </>
        )}
        <Link to="/incidents/$ref" params={{ ref: reference }} className="mono">
          {reference}
        </Link>
        <button type="button" className="btn ghost square push" aria-label="Close peek" onClick={onClose}>
          ✕
        </button>
      </header>
      {isPending && (
        <Loading label={reference}>
          <SkeletonRows rows={8} height={32} />
        </Loading>
      )}
      {error && !data && <Failed what={reference} error={error} onRetry={refetch} />}
      {data && <PeekBody incident={data} reference={reference} />}
    </aside>
  );
}

function PeekBody({ incident, reference }: { incident: Incident; reference: string }) {
  const { data: entries } = useQuery(timelineQuery(reference));
  return (
    <>
      <h2 dir="auto">{incident.title}</h2>
      <IncidentActions key={incident.id} incident={incident} />
      <h3>Details</h3>
      <IncidentFacts incident={incident} />
      <AlertsPanel reference={reference} expected={incident.alert_count} />
      <h3>Last in the timeline</h3>
      <ol className="timeline">
        {entries
          ?.slice(-LAST_ENTRIES)
          .toReversed()
          .map((entry) => (
            <TimelineItem key={entry.id} entry={entry} />
          ))}
      </ol>
    </>
  );
}
