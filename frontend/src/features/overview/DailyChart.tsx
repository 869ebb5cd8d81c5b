import { useId } from 'react';
import { preciseDuration, utcDay } from '../../ui/age';
import { plural } from '../../ui/plural';
import { type Point, pathOf, runsOf } from './series';

export type DailyPoint = { day: string; incidents: number; median: number | null; p90: number | null };

type Props = {
  name: string;
  days: readonly DailyPoint[];
  /** Shared by all charts on the page, so that pointing at a day shows the same day everywhere. */
  hovered: number | null;
  onHover: (index: number | null) => void;
};

const WIDTH = 480;
const HEIGHT = 120;
const PAD = 6;

/** Median and 90th percentile per day. Days without incidents are gaps. The same numbers follow as a table. */
export function DailyChart({ name, days, hovered, onHover }: Props) {
  const titleId = useId();
  const highest = Math.max(1, ...days.flatMap((day) => [day.median ?? 0, day.p90 ?? 0]));
  const step = (WIDTH - 2 * PAD) / Math.max(1, days.length - 1);
  const toPoint = (value: number, index: number): Point => ({
    x: PAD + index * step,
    y: HEIGHT - PAD - (value / highest) * (HEIGHT - 2 * PAD),
  });
  const shown = hovered === null ? null : days[hovered];

  return (
    <figure className="daily">
      <div
        className="daily-plot"
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const at = ((event.clientX - box.left) / box.width) * WIDTH;
          onHover(Math.max(0, Math.min(days.length - 1, Math.round((at - PAD) / step))));
        }}
        onPointerLeave={() => onHover(null)}
      >
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-labelledby={titleId}
        >
          <title
            id={titleId}
          >{`${name} per day for ${days.length} days, median and p90; the table below has the values`}</title>
          <line className="axis" x1="0" x2={WIDTH} y1={HEIGHT - PAD} y2={HEIGHT - PAD} />
          {hovered !== null && (
            <line className="axis" x1={PAD + hovered * step} x2={PAD + hovered * step} y1="0" y2={HEIGHT} />
          )}
          <Line className="line-p90" values={days.map((day) => day.p90)} toPoint={toPoint} />
          <Line className="line-median" values={days.map((day) => day.median)} toPoint={toPoint} />
        </svg>
        <span className="daily-top num">{preciseDuration(highest)}</span>
      </div>
      <figcaption className="hint num">{shown ? describe(shown) : <Legend days={days} />}</figcaption>
      <details className="daily-table">
        <summary>{name} as a table</summary>
        <Table name={name} days={days} />
      </details>
    </figure>
  );
}

function describe(day: DailyPoint): string {
  if (day.median === null) {
    return `${utcDay(day.day)}: ${day.incidents === 0 ? 'no incidents' : 'nothing to measure'}`;
  }
  const p90 = day.p90 === null ? '' : `, p90 ${preciseDuration(day.p90)}`;
  return `${utcDay(day.day)}: median ${preciseDuration(day.median)}${p90}, ${plural(day.incidents, 'incident')}`;
}

function Legend({ days }: { days: readonly DailyPoint[] }) {
  const first = days[0];
  const last = days.at(-1);
  return (
    <span className="row">
      <span className="swatch line-median" /> median <span className="swatch line-p90" /> p90
      <span className="push">{first && last ? `${utcDay(first.day)} to ${utcDay(last.day)}` : ''}</span>
    </span>
  );
}

type LineProps = {
  className: string;
  values: readonly (number | null)[];
  toPoint: (value: number, index: number) => Point;
};

function Line({ className, values, toPoint }: LineProps) {
  return runsOf(values, toPoint).map((run) => {
    const [first] = run;
    if (!first) {
      return null;
    }
    const path = run.length === 1 ? `M${first.x} ${first.y}h0.01` : pathOf(run);
    return <path key={first.x} className={run.length === 1 ? `${className} dot` : className} d={path} />;
  });
}

function Table({ name, days }: { name: string; days: readonly DailyPoint[] }) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={`${name} per day`}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Incidents</th>
            <th scope="col">Median</th>
            <th scope="col">p90</th>
          </tr>
        </thead>
        <tbody>
          {days.toReversed().map((day) => (
            <tr key={day.day}>
              <th scope="row">{utcDay(day.day)}</th>
              <td>{day.incidents}</td>
              <td>{day.median === null ? '–' : preciseDuration(day.median)}</td>
              <td>{day.p90 === null ? '–' : preciseDuration(day.p90)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
