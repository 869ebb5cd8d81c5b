import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { duration } from '../../ui/age';
import { useNow } from '../../ui/now';
import { plural } from '../../ui/plural';
import { SEVERITIES, severityRank, severityWords } from '../../ui/SeverityBadge';
import { Failed, Loading } from '../../ui/states';
import { type OverviewNumbers, overviewNow } from './overviewApi';

const OPEN = '-status:resolved,closed';
const URGENT = new Set(['CRITICAL', 'HIGH']);

export function NowPanel() {
  const { data, error, refetch } = useQuery(overviewNow);
  return (
    <section className="panel now" aria-labelledby="now-title">
      <h2 id="now-title" className="visually-hidden">
        Open incidents
      </h2>
      {data ? (
        <Numbers now={data} />
      ) : error ? (
        <Failed
          what="Open incidents"
          error={error}
          stillWorks="The incident list still works."
          onRetry={refetch}
        />
      ) : (
        <Loading label="open incidents">
          <div className="now-numbers" aria-hidden="true">
            {[...SEVERITIES, 'not acknowledged'].map((name) => (
              <span key={name} className="now-number">
                <span className="skeleton" style={{ width: 48, height: 24 }} />
              </span>
            ))}
          </div>
          <p className="now-line" aria-hidden="true">
            &nbsp;
          </p>
        </Loading>
      )}
    </section>
  );
}

function Numbers({ now }: { now: OverviewNumbers }) {
  const countOf = (severity: string) =>
    now.openBySeverity.find((entry) => entry.severity === severity.toUpperCase())?.count ?? 0;
  return (
    <>
      <ul className="now-numbers">
        {SEVERITIES.map((severity) => {
          const count = countOf(severity);
          const rank = severityRank(severity);
          return (
            <li key={severity}>
              <Link
                to="/incidents"
                search={{ view: 'all', q: `sev:${rank} ${OPEN}` }}
                className={count > 0 && rank <= 2 ? `now-number sev${rank}` : 'now-number'}
              >
                <span className="now-count num">{count.toLocaleString('en')}</span>
                <span>{severityWords(severity)}</span>
              </Link>
            </li>
          );
        })}
        <li>
          <Link
            to="/incidents"
            search={{ view: 'unacknowledged' }}
            className={now.notAcknowledged > 0 ? 'now-number now-waiting' : 'now-number'}
          >
            <span className="now-count num">{now.notAcknowledged.toLocaleString('en')}</span>
            <span>Not acknowledged</span>
          </Link>
        </li>
      </ul>
      <p className="now-line">
        <Quiet now={now} />
        <span className="hint num">
          Last 24 h: {now.alerts24h.toLocaleString('en')} alerts, {now.duplicates24h.toLocaleString('en')}{' '}
          duplicates folded, {plural(now.incidents24h, 'incident')}
        </span>
      </p>
    </>
  );
}

function Quiet({ now }: { now: OverviewNumbers }) {
  const clock = useNow(60_000);
  const urgent = now.openBySeverity
    .filter((entry) => URGENT.has(entry.severity))
    .reduce((sum, entry) => sum + entry.count, 0);
  if (urgent > 0) {
    return (
      <b>
        {urgent.toLocaleString('en')} open P1–P2, {now.notAcknowledged.toLocaleString('en')} incidents not
        acknowledged
      </b>
    );
  }
  const since = now.quietSince;
  return (
    <b className="ok">
      {since ? `No open P1–P2 for ${duration((clock - Date.parse(since)) / 1000)}` : 'No open P1–P2'}
    </b>
  );
}
