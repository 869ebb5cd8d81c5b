import { IconArrowsSort } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import type { Incident } from '../../api/types';
import { useMay } from '../../app/permissions';
import { plural } from '../../ui/plural';
import { Empty, Failed, Loading, SkeletonRows } from '../../ui/states';
import { timelineQuery } from './incidentQueries';
import { NoteComposer } from './NoteComposer';
import { TimelineItem } from './TimelineItem';
import { KINDS, kindOf } from './timelineKinds';

const SCROLL_PASSES = 6;
const route = getRouteApi('/tenant/incidents/$ref');

export function TimelinePanel({ incident, reference }: { incident: Incident; reference: string }) {
  const { kind, order } = route.useSearch();
  const navigate = route.useNavigate();
  const mayWrite = useMay('incidents:write');
  const { data, error, isPending, refetch } = useQuery(timelineQuery(reference));
  const newestFirst = order === 'newest';

  const shown = useMemo(() => {
    const wanted = (data ?? []).filter((entry) => !kind || kindOf(entry) === kind);
    return newestFirst ? wanted.toReversed() : wanted;
  }, [data, kind, newestFirst]);
  useScrollToLinkedEntry(shown.length);

  const choose = (next: string | undefined) => {
    void navigate({ search: (known) => ({ ...known, kind: next }), resetScroll: false });
  };
  const flip = () => {
    const next = newestFirst ? undefined : 'newest';
    void navigate({ search: (known) => ({ ...known, order: next }), resetScroll: false });
  };

  return (
    <section className="panel" aria-labelledby="timeline-title">
      <header>
        <h2 id="timeline-title">Timeline</h2>
        {data && <span className="hint num">{plural(shown.length, 'entry', 'entries')}</span>}
        <fieldset className="row push kinds">
          <legend className="visually-hidden">Show</legend>
          <button type="button" className="btn" aria-pressed={!kind} onClick={() => choose(undefined)}>
            All
          </button>
          {KINDS.map((known) => (
            <button
              key={known.kind}
              type="button"
              className="btn"
              aria-pressed={kind === known.kind}
              onClick={() => choose(known.kind)}
            >
              {known.name}
            </button>
          ))}
        </fieldset>
        <button type="button" className="btn" onClick={flip}>
          <IconArrowsSort size={14} stroke={1.6} aria-hidden />
          {newestFirst ? 'Newest first' : 'Oldest first'}
        </button>
      </header>
      {isPending && (
        <Loading label="timeline">
          <SkeletonRows rows={6} height={36} />
        </Loading>
      )}
      {error && !data && (
        <Failed what="Timeline" error={error} stillWorks="The alerts still work." onRetry={refetch} />
      )}
      {data && shown.length === 0 && (
        <Empty
          title="No entries of this kind"
          actions={
            <button type="button" className="btn" onClick={() => choose(undefined)}>
              Show all {data.length}
            </button>
          }
        />
      )}
      {shown.length > 0 && (
        <ol className="timeline">
          {shown.map((entry) => (
            <TimelineItem key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
      {mayWrite && <NoteComposer reference={incident.reference} />}
    </section>
  );
}

/** A link to one entry: it is there only after the entries have loaded. */
function useScrollToLinkedEntry(count: number): void {
  useEffect(() => {
    const id = location.hash.slice(1);
    if (count === 0 || !id.startsWith('entry-')) {
      return;
    }
    let frame = 0;
    // Entries get their real height only when they come near: each pass lands closer.
    const approach = (passesLeft: number) => {
      document.getElementById(id)?.scrollIntoView({ block: 'center' });
      if (passesLeft > 0) {
        frame = requestAnimationFrame(() => approach(passesLeft - 1));
      }
    };
    approach(SCROLL_PASSES);
    return () => cancelAnimationFrame(frame);
  }, [count]);
}
