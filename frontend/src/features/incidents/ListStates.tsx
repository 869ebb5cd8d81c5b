import { Empty } from '../../ui/states';

/** What waits to be shown, or no longer belongs here: rows move only when this is pressed. */
export function Pill(props: { waiting: number; outdated: number; onAccept: () => void }) {
  const parts: string[] = [];
  if (props.waiting > 0) {
    parts.push(`${props.waiting} new`);
  }
  if (props.outdated > 0) {
    parts.push(`${props.outdated} no longer ${props.outdated === 1 ? 'matches' : 'match'}`);
  }
  return (
    <button type="button" className="btn primary new-pill" onClick={props.onAccept}>
      {parts.join(', ')}
    </button>
  );
}

export function FirstTime({ mayWrite, onDeclare }: { mayWrite: boolean; onDeclare: () => void }) {
  const action = mayWrite && (
    <button type="button" className="btn primary" onClick={onDeclare}>
      Declare incident
    </button>
  );
  return (
    <Empty title="No incidents yet" actions={action}>
      Incidents open by themselves when alerts arrive, or when somebody declares one.
    </Empty>
  );
}
