import type { RefObject } from 'react';
import type { Alert } from '../../api/types';
import { useKeys } from '../../app/keys';

type Facts = {
  items: readonly Alert[];
  cursorId: string | null;
  setCursorId: (id: string) => void;
  open: string | undefined;
  setOpen: (id: string | undefined) => void;
  payloadOf: string | null;
  setPayloadOf: (id: string | null) => void;
  input: RefObject<HTMLInputElement | null>;
};

export function useAlertKeys(facts: Facts): void {
  const { items, cursorId, open, payloadOf } = facts;
  const at = items.findIndex((item) => item.id === cursorId);

  const moveTo = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))];
    if (item) {
      facts.setCursorId(item.id);
    }
  };
  useKeys({
    '/': () => facts.input.current?.select(),
    j: () => moveTo(at + 1),
    ArrowDown: () => moveTo(at + 1),
    k: () => moveTo(at - 1),
    ArrowUp: () => moveTo(at - 1),
    Home: () => moveTo(0),
    End: () => moveTo(items.length - 1),
    Enter: () => {
      const item = items[at];
      if (!item) {
        return false;
      }
      facts.setOpen(open === item.id ? undefined : item.id);
    },
    p: () => {
      const item = items[at];
      if (!item) {
        return false;
      }
      const showing = open === item.id && payloadOf === item.id;
      facts.setOpen(item.id);
      facts.setPayloadOf(showing ? null : item.id);
    },
    Escape: () => {
      if (!open) {
        return false;
      }
      facts.setOpen(undefined);
    },
  });
}
