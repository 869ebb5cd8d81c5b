// What was typed into a form and is not saved: kept while one is elsewhere in the application, named on the form and in
// the navigation, and asked about before the tab closes.
import { useState } from 'react';
import { createStore, useStore } from './store';

type Kept = { version: string | number; draft: object };

const kept = createStore<ReadonlyMap<string, Kept>>(new Map());

function keep(place: string, draft: Kept | null): void {
  const next = new Map(kept.get());
  if (draft) {
    next.set(place, draft);
  } else {
    next.delete(place);
  }
  kept.set(next);
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

// Only while there is something to lose: a page with this listener is never taken from the browser's cache.
kept.subscribe(() => {
  if (kept.get().size > 0) {
    window.addEventListener('beforeunload', askBeforeLeaving);
  } else {
    window.removeEventListener('beforeunload', askBeforeLeaving);
  }
});

/** The addresses of the pages whose forms hold something that is not saved. */
export function useUnsavedPlaces(): ReadonlySet<string> {
  return new Set(useStore(kept).keys());
}

/** Whoever signs out means it. */
export function forgetDrafts(): void {
  kept.set(new Map());
}

/** What is typed and not saved, by the names on the form. */
export function changes<Draft extends object>(
  draft: Draft,
  saved: Draft,
  names: Record<keyof Draft, string>,
): string[] {
  const fields = Object.keys(names) as (keyof Draft)[];
  return fields
    .filter((field) => JSON.stringify(draft[field]) !== JSON.stringify(saved[field]))
    .map((field) => names[field]);
}

/**
 * A form's content. What was typed before one went to another page is still there, unless somebody saved since:
 * `version` tells. `place` is the page's address.
 */
export function useDraft<Draft extends object>(
  place: string,
  version: string | number,
  saved: Draft,
  names: Record<keyof Draft, string>,
) {
  const [draft, setDraft] = useState<Draft>(() => {
    const found = kept.get().get(place);
    return found?.version === version ? (found.draft as Draft) : saved;
  });
  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    keep(place, changes(next, saved, names).length > 0 ? { version, draft: next } : null);
  };
  const discard = () => {
    setDraft(saved);
    keep(place, null);
  };
  return { draft, change, discard, unsaved: changes(draft, saved, names) };
}
