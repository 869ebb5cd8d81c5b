import { useNavigate } from '@tanstack/react-router';
import type { RefObject } from 'react';
import type { Incident } from '../../api/types';
import { isTextField, type KeyMap, useKeys } from '../../app/keys';
import type { BulkKind } from './BulkDialog';
import type { GridHandle } from './IncidentGrid';
import { VIEWS } from './incidentFilter';
import { remember, selectAll, selectRange, toggleSelected, useListMemory } from './listMemory';

type Facts = {
  rows: readonly Incident[];
  cursorIndex: number;
  peek: string | undefined;
  mayWrite: boolean;
  grid: RefObject<GridHandle | null>;
  input: RefObject<HTMLInputElement | null>;
  setPeek: (reference: string | undefined) => void;
  chooseView: (id: string) => void;
  askBulk: (kind: BulkKind) => void;
  declare: () => void;
};

export function useListKeys(facts: Facts): void {
  const navigate = useNavigate();
  const { selected } = useListMemory();
  const { rows, cursorIndex, peek, mayWrite } = facts;
  const current = rows[cursorIndex];

  const moveTo = (index: number) => {
    const bounded = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[bounded];
    if (!row) {
      return;
    }
    remember({ cursorId: row.id });
    facts.grid.current?.scrollToRow(bounded);
    if (peek) {
      facts.setPeek(row.reference);
    }
  };
  const page = () => facts.grid.current?.pageRows() ?? 20;
  const closeOneLayer = () => {
    if (peek) {
      facts.setPeek(undefined);
    } else if (selected.size > 0) {
      selectAll([]);
    } else {
      return false;
    }
    return true;
  };

  const keys: KeyMap = {
    '/': () => facts.input.current?.select(),
    j: () => moveTo(cursorIndex + 1),
    ArrowDown: () => moveTo(cursorIndex + 1),
    k: () => moveTo(cursorIndex - 1),
    ArrowUp: () => moveTo(cursorIndex - 1),
    PageDown: () => moveTo(cursorIndex + page()),
    PageUp: () => moveTo(cursorIndex - page()),
    Home: () => moveTo(0),
    End: () => moveTo(rows.length - 1),
    Enter: (event) => {
      if (!current || isTextField(event.target)) {
        return false;
      }
      void navigate({ to: '/incidents/$ref', params: { ref: current.reference } });
    },
    Space: () => {
      if (!current) {
        return false;
      }
      facts.setPeek(peek === current.reference ? undefined : current.reference);
    },
    Escape: closeOneLayer,
  };
  if (mayWrite) {
    keys.x = () => current && toggleSelected(current.id);
    keys['Shift+x'] = () => {
      if (current) {
        const order = rows.map((row) => row.id);
        selectRange(order, current.id);
      }
    };
    keys.a = () => facts.askBulk('acknowledge');
    keys.r = () => facts.askBulk('resolve');
    keys.s = () => facts.askBulk('assign');
    keys.c = facts.declare;
  }
  VIEWS.forEach((view, index) => {
    keys[String(index + 1)] = () => facts.chooseView(view.id);
  });
  useKeys(keys);
}
