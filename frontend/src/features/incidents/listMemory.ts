// Scroll position, cursor and selection of the list outlive a visit to an incident.
import { createStore, useStore } from '../../app/store';

export type ListMemory = {
  scrollTop: number;
  cursorId: string | null;
  /** Where Shift+X starts its range. */
  anchorId: string | null;
  selected: ReadonlySet<string>;
};

const memory = createStore<ListMemory>({ scrollTop: 0, cursorId: null, anchorId: null, selected: new Set() });

export function useListMemory(): ListMemory {
  return useStore(memory);
}

export function remember(change: Partial<ListMemory>): void {
  memory.set({ ...memory.get(), ...change });
}

/** Without telling anybody: scrolling must not render. */
export function rememberScroll(scrollTop: number): void {
  memory.get().scrollTop = scrollTop;
}

export function recallScroll(): number {
  return memory.get().scrollTop;
}

export function toggleSelected(id: string): void {
  const selected = new Set(memory.get().selected);
  if (!selected.delete(id)) {
    selected.add(id);
  }
  remember({ selected, anchorId: id });
}

export function selectAll(ids: readonly string[]): void {
  remember({ selected: new Set(ids) });
}

/** From the last selected row to this one, both included. */
export function selectRange(order: readonly string[], toId: string): void {
  const { anchorId, selected } = memory.get();
  const to = order.indexOf(toId);
  const from = anchorId ? order.indexOf(anchorId) : to;
  if (to < 0) {
    return;
  }
  const start = Math.min(from < 0 ? to : from, to);
  const end = Math.max(from, to);
  remember({ selected: new Set([...selected, ...order.slice(start, end + 1)]) });
}
