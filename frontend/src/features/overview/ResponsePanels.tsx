import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { preciseDuration } from '../../ui/age';
import { plural } from '../../ui/plural';
import { Empty, Failed, Loading } from '../../ui/states';
import { DailyChart, type DailyPoint } from './DailyChart';
import { overviewResponse } from './overviewApi';
import { changeInWords, everyDay } from './series';

const DAYS = 30;

type PanelProps = {
  id: string;
  name: string;
  meaning: string;
  now: number | null;
  before: number | null;
  incidents: number;
  /** How many of the incidents stand behind the number. */
  measured: number;
  days: readonly DailyPoint[];
  hovered: number | null;
  onHover: (index: number | null) => void;
};

/** Two panels with one request and one pointed-at day between them. */
export function ResponsePanels() {
  const { data, error, isPending, refetch } = useQuery(overviewResponse);
  const [hovered, setHovered] = useState<number | null>(null);
  if (isPending) {
    return (
      <>
        <Waiting name="Time to acknowledge" />
        <Waiting name="Time to resolve" />
      </>
    );
  }
  if (error && !data) {
    return (
      <section className="panel response wide" aria-label="Response times">
        <Failed what="Response times" error={error} onRetry={refetch} />
      </section>
    );
  }
  if (!data) {
    return null;
  }
  const { current, previous } = data;
  const daily = everyDay(data.daily, DAYS, Date.now(), (day) => ({
    day,
    incidents: 0,
    mttaMedianSeconds: null,
    mttaP90Seconds: null,
    mttrMedianSeconds: null,
    mttrP90Seconds: null,
  }));
  const shared = { incidents: current.incidents, hovered, onHover: setHovered };
  return (
    <>
      <ResponsePanel
        {...shared}
        id="mtta"
        name="Time to acknowledge"
        meaning="MTTA, median"
        measured={current.acknowledged}
        now={current.mttaMedianSeconds}
        before={previous.mttaMedianSeconds}
        days={daily.map((day) => ({
          day: day.day,
          incidents: day.incidents,
          median: day.mttaMedianSeconds,
          p90: day.mttaP90Seconds,
        }))}
      />
      <ResponsePanel
        {...shared}
        id="mttr"
        name="Time to resolve"
        meaning="MTTR, median"
        measured={current.resolved}
        now={current.mttrMedianSeconds}
        before={previous.mttrMedianSeconds}
        days={daily.map((day) => ({
          day: day.day,
          incidents: day.incidents,
          median: day.mttrMedianSeconds,
          p90: day.mttrP90Seconds,
        }))}
      />
    </>
  );
}

function Waiting({ name }: { name: string }) {
  return (
    <section className="panel response" aria-label={name}>
      <header>
        <h2>{name}</h2>
      </header>
      <Loading label={name.toLowerCase()}>
        <div className="panel-body">
          <span className="skeleton" style={{ height: 190 }} />
        </div>
      </Loading>
    </section>
  );
}

function ResponsePanel(props: PanelProps) {
  const change = changeInWords(props.now, props.before);
  const tone = { better: 'ok', worse: 'bad', same: 'muted' }[change?.tone ?? 'same'];
  return (
    <section className="panel response" aria-labelledby={`${props.id}-title`}>
      <header>
        <h2 id={`${props.id}-title`}>{props.name}</h2>
        <span className="hint">{props.meaning}, 30 days</span>
      </header>
      {props.now === null ? (
        <Empty title="Nothing to measure yet">
          {props.incidents === 0
            ? 'There was no incident in the last 30 days.'
            : `No incident of the last 30 days has come that far: ${plural(props.incidents, 'incident')}.`}
        </Empty>
      ) : (
        <div className="panel-body">
          <p className="response-number">
            <span className="big num">{preciseDuration(props.now)}</span>
            <span className={tone}>{change?.words ?? 'nothing to compare in the 30 days before'}</span>
            <span className="hint num push">
              {props.measured.toLocaleString('en')} of {plural(props.incidents, 'incident')}
            </span>
          </p>
          <DailyChart name={props.name} days={props.days} hovered={props.hovered} onHover={props.onHover} />
        </div>
      )}
    </section>
  );
}
