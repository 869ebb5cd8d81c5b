import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useDeferredValue, useId, useState } from 'react';
import { fetchIncidents } from '../features/incidents/incidentsApi';
import { SETTINGS_PAGES } from '../features/settings/pages';
import { Dialog } from '../ui/Dialog';
import { severityWords } from '../ui/SeverityBadge';
import { statusWord } from '../ui/StatusRing';
import { usePaletteActions } from './paletteActions';

type Entry = { id: string; label: string; about: string; run: () => void };

const INCIDENTS_SHOWN = 8;
const FEWEST_LETTERS = 2;

function usePlaces(): Entry[] {
  const navigate = useNavigate();
  return [
    { id: 'overview', label: 'Overview', about: 'Go to · G then O', run: () => void navigate({ to: '/' }) },
    {
      id: 'incidents',
      label: 'Incidents',
      about: 'Go to · G then I',
      run: () => void navigate({ to: '/incidents' }),
    },
    { id: 'alerts', label: 'Alerts', about: 'Go to · G then A', run: () => void navigate({ to: '/alerts' }) },
    ...SETTINGS_PAGES.map(({ to, name }) => ({
      id: to,
      label: name,
      about: to === '/settings/account' ? 'Go to · G then S' : 'Go to · Settings',
      run: () => void navigate({ to }),
    })),
  ];
}

/** What the server found for these words; until it answers, what it found before and still fits. */
function useFoundIncidents(text: string, typed: string): Entry[] {
  const navigate = useNavigate();
  const { data, isPlaceholderData } = useQuery({
    queryKey: ['palette', text],
    queryFn: ({ signal }) => fetchIncidents({ q: text, limit: INCIDENTS_SHOWN }, signal),
    enabled: text.length >= FEWEST_LETTERS,
    placeholderData: (previous) => previous,
  });
  if (text.length < FEWEST_LETTERS || !data) {
    return [];
  }
  const found = data.items.map((incident) => ({
    id: incident.id,
    label: `${incident.reference} ${incident.title}`,
    about: `${severityWords(incident.severity)} · ${statusWord(incident.status)}`,
    run: () => void navigate({ to: '/incidents/$ref', params: { ref: incident.reference } }),
  }));
  return text === typed && !isPlaceholderData ? found : found.filter((entry) => fits(entry, typed));
}

function fits(entry: Entry, words: string): boolean {
  return entry.label.toLowerCase().includes(words.toLowerCase());
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const id = useId();
  // Enter runs what fits the text as it is typed now; only the server is asked a moment later.
  const words = text.trim();
  const asked = useDeferredValue(words);
  const here = usePaletteActions();
  const places = usePlaces();
  const found = useFoundIncidents(asked, words);

  const fixed = [
    ...here.map((action) => ({
      id: action.label,
      label: action.label,
      about: action.about,
      run: action.run,
    })),
    ...places,
  ];
  const matching = fixed.filter((entry) => fits(entry, words));
  const entries = [...matching, ...found];
  const current = Math.min(active, entries.length - 1);

  const run = (entry: Entry | undefined) => {
    if (entry) {
      onClose();
      // After the dialog has given focus back, so that a dialog opened by the action keeps it.
      setTimeout(entry.run, 0);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') {
      setActive((current + 1) % Math.max(1, entries.length));
    } else if (event.key === 'ArrowUp') {
      setActive((current - 1 + entries.length) % Math.max(1, entries.length));
    } else if (event.key === 'Enter') {
      run(entries[current]);
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <Dialog title="Search or run a command" onClose={onClose} width={600}>
      <input
        className="input"
        role="combobox"
        aria-label="Search or run a command"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={entries[current] ? `${id}-${current}` : undefined}
        placeholder="Go to, find an incident by words or reference, act on this page"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" role="listbox" id={`${id}-list`} aria-label="Results">
        {entries.map((entry, index) => (
          <div
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === current}
            ref={index === current ? scrollIntoView : undefined}
            onClick={() => run(entry)}
          >
            <span className="clip">{entry.label}</span>
            <span className="hint push">{entry.about}</span>
          </div>
        ))}
      </div>
      {entries.length === 0 && (
        <p className="hint" role="status">
          Nothing matches “{words}”.
        </p>
      )}
    </Dialog>
  );
}

function scrollIntoView(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}
