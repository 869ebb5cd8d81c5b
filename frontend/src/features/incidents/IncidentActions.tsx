import { useMemo, useState } from 'react';
import { sentence } from '../../api/errors';
import type { Incident } from '../../api/types';
import { useKeys } from '../../app/keys';
import { type PaletteAction, useOfferActions } from '../../app/paletteActions';
import { useMay, usePermissionsPending } from '../../app/permissions';
import { Menu } from '../../ui/Menu';
import { BulkDialog } from './BulkDialog';
import { acknowledgeIncident, changeIncident, snoozeIncident } from './incidentsApi';
import { type Move, mayResolve, movesOf } from './moves';
import { ReasonDialog } from './ReasonDialog';
import { snoozeChoices } from './snooze';
import { useIncidentMoves } from './useIncidentMoves';

type Asking = 'resolve' | 'reopen' | 'assign' | 'severity' | null;

/** The next move as the one primary button, the other allowed ones beside it, and who was faster if somebody was. */
export function IncidentActions({ incident }: { incident: Incident }) {
  const mayWrite = useMay('incidents:write');
  const pending = usePermissionsPending();
  if (pending) {
    return <div className="incident-actions" />;
  }
  return mayWrite ? <Actions incident={incident} /> : null;
}

function Actions({ incident }: { incident: Incident }) {
  const { busy, problem, run, dismiss } = useIncidentMoves(incident);
  const [asking, setAsking] = useState<Asking>(null);
  const moves = useMemo(() => movesOf(incident), [incident]);
  const [primary, ...others] = moves;

  const start = (move: Move | undefined) => {
    if (!move || busy) {
      return;
    }
    switch (move.kind) {
      case 'acknowledge':
        void run(() => acknowledgeIncident(incident.reference));
        break;
      case 'step':
        void run(() => changeIncident(incident.reference, { status: move.to }, incident.version));
        break;
      default:
        setAsking(move.kind);
    }
  };
  const startKind = (kind: Move['kind']) => start(moves.find((move) => move.kind === kind));
  const assign = () => setAsking('assign');

  useKeys({
    a: () => startKind('acknowledge'),
    r: () => startKind('resolve'),
    s: () => (incident.status === 'closed' ? undefined : assign()),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the moves name everything that the actions depend on
  const offered = useMemo<PaletteAction[]>(() => {
    const own = moves.map((move) => ({
      label: `${move.name} ${incident.reference}`,
      about: 'This incident',
      run: () => start(move),
    }));
    return [...own, { label: `Assign ${incident.reference}`, about: 'This incident · S', run: assign }];
  }, [moves]);
  useOfferActions(offered);

  const more = [
    { label: 'Assign', hint: 'S', onSelect: assign },
    { label: 'Change severity', onSelect: () => setAsking('severity') },
  ];

  return (
    <>
      <div className="incident-actions">
        {primary && (
          <button type="button" className="btn primary" aria-disabled={busy} onClick={() => start(primary)}>
            {primary.name}
          </button>
        )}
        {others.map((move) => (
          <button
            key={move.name}
            type="button"
            className="btn"
            aria-disabled={busy}
            onClick={() => start(move)}
          >
            {move.name}
          </button>
        ))}
        {mayResolve(incident) && (
          <Menu
            name="Snooze"
            label="Snooze ▾"
            items={snoozeChoices(new Date()).map((choice) => ({
              label: choice.name,
              onSelect: () => void run(() => snoozeIncident(incident.reference, choice.span)),
            }))}
          />
        )}
        {incident.status !== 'closed' && <Menu name="More actions" label="More ▾" items={more} />}
        {(asking === 'resolve' || asking === 'reopen') && (
          <ReasonDialog kind={asking} incident={incident} run={run} onClose={() => setAsking(null)} />
        )}
        {(asking === 'assign' || asking === 'severity') && (
          <BulkDialog kind={asking} targets={[incident]} onClose={() => setAsking(null)} />
        )}
      </div>
      {problem && (
        <div className="notice incident-problem" role="alert">
          <p>
            <b>{problem.lost ? 'Somebody was faster. ' : 'That did not work. '}</b>
            {sentence(problem.message)}
            {problem.lost && ' The page shows how it stands now.'}
          </p>
          <button type="button" className="btn ghost square" aria-label="Dismiss message" onClick={dismiss}>
            ✕
          </button>
        </div>
      )}
    </>
  );
}
