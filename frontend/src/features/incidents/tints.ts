// Which cells changed just now, for the 1.6 s tint.
import { createStore, useStore } from '../../app/store';
import type { ChangedField } from './listData';

type Tints = ReadonlyMap<string, ReadonlySet<ChangedField>>;

const TINT_MS = 1_600;
const NONE: ReadonlySet<ChangedField> = new Set();
const tints = createStore<Tints>(new Map());

export function tintCells(incidentId: string, fields: readonly ChangedField[]): void {
  if (fields.length === 0) {
    return;
  }
  tints.set(new Map(tints.get()).set(incidentId, new Set(fields)));
  setTimeout(() => {
    const left = new Map(tints.get());
    left.delete(incidentId);
    tints.set(left);
  }, TINT_MS);
}

export function useTints(): Tints {
  return useStore(tints);
}

export function tintsOf(all: Tints, incidentId: string): ReadonlySet<ChangedField> {
  return all.get(incidentId) ?? NONE;
}
