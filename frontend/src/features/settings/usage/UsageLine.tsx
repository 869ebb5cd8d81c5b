import { Meter } from '../../../ui/Meter';
import { useNow } from '../../../ui/now';
import { Spark } from '../../../ui/Spark';
import { Day } from '../../../ui/Time';
import { limitMeaning, limitWords } from '../../control/limits';
import { outlook, type UsageRow } from './usageRows';

export function UsageLine({ row }: { row: UsageRow }) {
  const words = limitWords(row.name);
  const ahead = outlook(row, useNow(60_000));
  const most = Math.max(0, ...row.trend);
  return (
    <li>
      <b>{words}</b>
      <Meter label={words} used={row.used} limit={row.limit} />
      <span className="usage-trend">
        {row.trend.length > 1 && (
          <Spark
            label={`${words} in the last 30 days: at most ${most.toLocaleString('en')}, now ${row.trend.at(-1)?.toLocaleString('en')}`}
            values={row.trend}
          />
        )}
      </span>
      <span className="hint">
        {ahead === 'full' && <span className="bad">Full. </span>}
        {(ahead === 'soon' || ahead === 'later') && row.reachedAt && (
          <span className={ahead === 'soon' ? 'warn' : undefined}>
            Full on <Day at={row.reachedAt} /> at the present rate.{' '}
          </span>
        )}
        {row.resetsAt && (
          <>
            Begins anew on <Day at={row.resetsAt} />.
          </>
        )}
        {limitMeaning(row.name)}
      </span>
    </li>
  );
}
