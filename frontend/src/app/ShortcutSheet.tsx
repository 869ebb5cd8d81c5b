import { Dialog } from '../ui/Dialog';
import { setSingleKeys, useSingleKeys } from './keys';

const GROUPS: readonly { name: string; keys: readonly [string, string][] }[] = [
  {
    name: 'Everywhere',
    keys: [
      ['Ctrl K', 'go to, find, act'],
      ['?', 'this sheet'],
      ['G then O', 'Overview'],
      ['G then I', 'Incidents'],
      ['G then A', 'Alerts'],
      ['G then S', 'Settings'],
      ['Esc', 'close one layer'],
    ],
  },
  {
    name: 'Lists',
    keys: [
      ['/', 'filter'],
      ['J or ↓', 'next row'],
      ['K or ↑', 'previous row'],
      ['Home, End', 'first, last row'],
      ['Enter', 'open'],
      ['Space', 'peek'],
      ['X', 'select'],
      ['Shift X', 'select a range'],
      ['1–5', 'views'],
    ],
  },
  {
    name: 'Incidents',
    keys: [
      ['A', 'acknowledge'],
      ['R', 'resolve'],
      ['S', 'assign'],
      ['C', 'declare incident'],
      ['N', 'write a note'],
    ],
  },
  { name: 'Alerts', keys: [['P', 'raw payload']] },
];

export function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const single = useSingleKeys();
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} width={640}>
      <div className="shortcuts">
        {GROUPS.map((group) => (
          <section key={group.name} aria-label={group.name}>
            <h3>{group.name}</h3>
            <dl>
              {group.keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <label className="row">
        <input type="checkbox" checked={single} onChange={(event) => setSingleKeys(event.target.checked)} />
        Single-key shortcuts
      </label>
    </Dialog>
  );
}
