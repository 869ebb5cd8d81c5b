// What the palette can do with the thing on the page: the page says so while it is shown.
import { useEffect } from 'react';
import { createStore, useStore } from './store';

export type PaletteAction = { label: string; about: string; run: () => void };

const actions = createStore<readonly PaletteAction[]>([]);

export function usePaletteActions(): readonly PaletteAction[] {
  return useStore(actions);
}

/** Pass a memoised list. */
export function useOfferActions(offered: readonly PaletteAction[]): void {
  useEffect(() => {
    actions.set(offered);
    return () => actions.set([]);
  }, [offered]);
}
