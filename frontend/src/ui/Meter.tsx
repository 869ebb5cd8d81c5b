import './meter.css';

/** A share of a limit: a bar with its number. Over 80 % it warns, from 100 % on it is full; the words say so, too. */
export function Meter({ label, used, limit }: { label: string; used: number; limit: number | null }) {
  if (limit === null) {
    return <span className="num">{used.toLocaleString('en')} of unlimited</span>;
  }
  const share = limit === 0 ? (used > 0 ? 1 : 0) : used / limit;
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'ok';
  return (
    <span className="meter">
      <span className="num">
        {used.toLocaleString('en')} of {limit.toLocaleString('en')}
      </span>
      <span
        className={`meter-bar meter-${tone}`}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
        aria-valuetext={`${used.toLocaleString('en')} of ${limit.toLocaleString('en')}`}
      >
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span className={`num ${tone}`}>{Math.round(share * 100)} %</span>
    </span>
  );
}
