import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { LinkedAlert } from '../../api/types';
import { AlertStatus } from '../../ui/AlertStatus';
import { SeverityBadge } from '../../ui/SeverityBadge';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { Moment } from '../../ui/Time';
import { useMediaQuery } from '../../ui/useMediaQuery';
import { differences } from './differences';
import { incidentAlertsQuery } from './incidentQueries';

type Props = {
  reference: string;
  /** How many are expected, so that the skeleton is as high as what follows. */
  expected: number;
};

const ROWS_SHOWN = 5;
/** px, as in incident.css: a row with its reason on one line, and the height at which the list begins to scroll. */
const ROW = { desktop: 73, phone: 129 };
const LIST_HEIGHT = 320;

export function AlertsPanel({ reference, expected }: Props) {
  const phone = useMediaQuery('(max-width: 899.98px)');
  const { data, error, isPending, refetch } = useQuery(incidentAlertsQuery(reference));
  // As many alerts as fill the list give it its full height from the first paint on: nothing below it moves.
  const height = expected >= ROWS_SHOWN ? { height: LIST_HEIGHT } : undefined;
  const telling = useMemo(() => differences(data ?? []), [data]);
  const firing = data?.filter((alert) => alert.status === 'firing').length ?? 0;
  return (
    <section className="panel" aria-labelledby="alerts-title">
      <header>
        <h2 id="alerts-title">Alerts</h2>
        {data && (
          <span className="hint num">
            {data.length} grouped here, {firing} firing
          </span>
        )}
      </header>
      {isPending && (
        <Loading label="alerts">
          <div className="linked-alerts" style={height}>
            {expected === 0 ? (
              <SkeletonRows rows={1} height={110} />
            ) : (
              <SkeletonRows rows={Math.min(expected, ROWS_SHOWN)} height={phone ? ROW.phone : ROW.desktop} />
            )}
          </div>
        </Loading>
      )}
      {error && !data && (
        <Failed what="Alerts" error={error} stillWorks="The timeline still works." onRetry={refetch} />
      )}
      {data?.length === 0 && (
        <Empty title="No alerts">This incident was declared by a person, not opened by an alert.</Empty>
      )}
      {data && data.length > 0 && (
        <ul className="linked-alerts" style={height}>
          {data.map((alert) => (
            <LinkedAlertRow key={alert.id} alert={alert} telling={telling.get(alert.id) ?? []} />
          ))}
        </ul>
      )}
    </section>
  );
}

function LinkedAlertRow({ alert, telling }: { alert: LinkedAlert; telling: readonly string[] }) {
  return (
    <li>
      <div className="row linked-alert">
        <SeverityBadge severity={alert.severity} />
        <AlertStatus status={alert.status} />
        <Link
          to="/alerts"
          search={{ q: `"${alert.name}"`, open: alert.id }}
          className="clip linked-name"
          dir="auto"
        >
          {alert.name}
        </Link>
        {telling.map((label) => (
          <span key={label} className="mono muted clip" dir="auto">
            {label}
          </span>
        ))}
        <span className="muted">{alert.source}</span>
        {alert.occurrences > 1 && (
          <span className="muted num" title="Times received">
            ×{alert.occurrences.toLocaleString('en')}
          </span>
        )}
        <span className="muted push">
          last <Moment at={alert.last_seen_at} />
        </span>
      </div>
      <p className="why">
        <span className="hint">Why here</span> {alert.reason}
        <span className="hint num why-rule">
          {alert.rule.replaceAll('_', ' ')}, confidence {alert.confidence.toFixed(2)}
        </span>
      </p>
    </li>
  );
}
