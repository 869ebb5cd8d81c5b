import { useMemo } from 'react';
import { type PaletteAction, useOfferActions } from '../../app/paletteActions';
import type { BulkKind } from './BulkDialog';

type Facts = { mayWrite: boolean; count: number; declare: () => void; askBulk: (kind: BulkKind) => void };

export function usePaletteActionsOfList({ mayWrite, count, declare, askBulk }: Facts): void {
  const actions = useMemo<PaletteAction[]>(() => {
    if (!mayWrite) {
      return [];
    }
    const own: PaletteAction[] = [{ label: 'Declare incident', about: 'Action · C', run: declare }];
    if (count > 0) {
      const incidents = `${count} ${count === 1 ? 'incident' : 'incidents'}`;
      own.push(
        { label: `Acknowledge ${incidents}`, about: 'Action · A', run: () => askBulk('acknowledge') },
        { label: `Resolve ${incidents}`, about: 'Action · R', run: () => askBulk('resolve') },
        { label: `Assign ${incidents}`, about: 'Action · S', run: () => askBulk('assign') },
        { label: `Change severity of ${incidents}`, about: 'Action', run: () => askBulk('severity') },
      );
    }
    return own;
  }, [mayWrite, count, declare, askBulk]);
  useOfferActions(actions);
}
