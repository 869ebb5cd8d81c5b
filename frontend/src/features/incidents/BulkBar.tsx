import type { Incident } from '../../api/types';
import type { BulkKind } from './BulkDialog';
import { selectAll } from './listMemory';
import { isAllowedForAll } from './moves';

type Props = { selected: readonly Incident[]; shown: number; onAsk: (kind: BulkKind) => void };

const ACTIONS: readonly { kind: BulkKind; name: string; key?: string }[] = [
  { kind: 'acknowledge', name: 'Acknowledge', key: 'A' },
  { kind: 'assign', name: 'Assign', key: 'S' },
  { kind: 'severity', name: 'Change severity' },
  { kind: 'resolve', name: 'Resolve', key: 'R' },
];

/** Only what is allowed for every selected row can be pressed; the reason is on the button. */
export function BulkBar({ selected, shown, onAsk }: Props) {
  return (
    <div className="bulk" role="toolbar" aria-label="Bulk actions">
      <span className="num" role="status">
        <b>{selected.length.toLocaleString('en')}</b> of {shown.toLocaleString('en')} shown selected
      </span>
      {ACTIONS.map((action) => {
        const allowed = isAllowedForAll(action.kind, selected);
        return (
          <button
            key={action.kind}
            type="button"
            className="btn"
            aria-disabled={!allowed}
            title={allowed ? undefined : 'Not every selected incident allows this'}
            onClick={() => onAsk(action.kind)}
          >
            {action.name}
            {action.key && <kbd>{action.key}</kbd>}
          </button>
        );
      })}
      <button type="button" className="btn ghost" onClick={() => selectAll([])}>
        Clear <kbd>Esc</kbd>
      </button>
    </div>
  );
}
