import { type KeyboardEvent, useEffect, useRef } from 'react';
import { VIEWS } from './incidentFilter';

type Props = { current: string; counts: readonly number[] | null; onChoose: (id: string) => void };

export function ViewTabs({ current, counts, onChoose }: Props) {
  const list = useRef<HTMLDivElement>(null);
  // On a phone not all tabs fit: the one that is on is always in view.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is selected
  useEffect(() => {
    list.current
      ?.querySelector('[aria-selected=true]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [current]);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) {
      return;
    }
    const at = VIEWS.findIndex((view) => view.id === current);
    const next = VIEWS[(at + step + VIEWS.length) % VIEWS.length];
    if (next) {
      onChoose(next.id);
      const tabs = event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]');
      tabs[VIEWS.indexOf(next)]?.focus();
    }
    event.preventDefault();
  };
  return (
    <div className="tabs" ref={list} role="tablist" aria-label="Views" onKeyDown={onKeyDown}>
      {VIEWS.map((view, index) => (
        <button
          key={view.id}
          type="button"
          role="tab"
          aria-selected={view.id === current}
          tabIndex={view.id === current ? 0 : -1}
          title={`${view.filter || 'no filter'} (${index + 1})`}
          onClick={() => onChoose(view.id)}
        >
          {view.name}{' '}
          <span className="tab-count num">{counts ? (counts[index] ?? 0).toLocaleString('en') : ''}</span>
        </button>
      ))}
    </div>
  );
}
