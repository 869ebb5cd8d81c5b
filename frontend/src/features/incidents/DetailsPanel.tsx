import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Incident } from '../../api/types';
import { preciseDuration, zoneName } from '../../ui/age';
import { Moment } from '../../ui/Time';
import { timelineQuery } from './incidentQueries';
import { allRelated, sourceName } from './timelineKinds';

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

export function DetailsPanel({ incident, reference }: { incident: Incident; reference: string }) {
  return (
    <aside className="incident-side" aria-label="Details">
      <h2>Details</h2>
      <IncidentFacts incident={incident} />
      <p className="hint">
        {zoneName() === 'UTC' ? 'Times in UTC.' : `Times in ${zoneName()}; point at one for UTC.`}
      </p>
      <Related reference={reference} />
    </aside>
  );
}

export function IncidentFacts({ incident }: { incident: Incident }) {
  return (
    <dl className="facts">
      <Fact name="Service">
        {incident.service ? (
          <Link to="/incidents" search={{ q: `service:${incident.service}` }}>
            {incident.service}
          </Link>
        ) : (
          'Not named'
        )}
      </Fact>
      <Fact name="Environment">{incident.environment ?? 'Not named'}</Fact>
      <Fact name="Source">{incident.source}</Fact>
      <Fact name="Assignee">{incident.assignee ?? 'Nobody yet'}</Fact>
      <Fact name="Alerts">
        <span className="num">
          {incident.alert_count}, {incident.firing_count} firing
        </span>
      </Fact>
      {incident.ci_ids.length > 0 && <Fact name="Affected items">{incident.ci_ids.join(', ')}</Fact>}
      <Fact name="Opened">
        <Moment at={incident.created_at} />
      </Fact>
      {incident.acknowledged_at && (
        <Fact name="Acknowledged">
          <Moment at={incident.acknowledged_at} />{' '}
          <span className="hint">
            after {preciseDuration(secondsBetween(incident.created_at, incident.acknowledged_at))}
          </span>
        </Fact>
      )}
      {incident.resolved_at && (
        <Fact name="Resolved">
          <Moment at={incident.resolved_at} />{' '}
          <span className="hint">
            after {preciseDuration(secondsBetween(incident.created_at, incident.resolved_at))}
          </span>
        </Fact>
      )}
      {incident.resolved_by && <Fact name="Resolved by">{sourceName(incident.resolved_by)}</Fact>}
      {incident.closed_at && (
        <Fact name="Closed">
          <Moment at={incident.closed_at} />
        </Fact>
      )}
      {incident.resolution_notes && <Fact name="Resolution">{incident.resolution_notes}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

function Related({ reference }: { reference: string }) {
  const { data } = useQuery(timelineQuery(reference));
  const related = data ? allRelated(data) : [];
  if (related.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="related-title">
      <h2 id="related-title">Related incidents</h2>
      <ul className="related">
        {related.map((incident) => (
          <li key={incident.reference}>
            <Link to="/incidents/$ref" params={{ ref: incident.reference }}>
              <span className="mono">{incident.reference}</span> {incident.title}
            </Link>
            <p className="hint">{incident.reason}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
