import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { Alert } from '../../api/types';
import { AlertItem } from './AlertItem';

type Props = {
  items: readonly Alert[];
  cursorId: string | null;
  openId: string | undefined;
  payloadOf: string | null;
  hasMore: boolean;
  onMore: () => void;
  onCursor: (id: string) => void;
  onOpen: (id: string | undefined) => void;
  onPayload: (id: string | null) => void;
  onLabel: (name: string, value: string) => void;
};

const ROW_HEIGHT = 76;
const OVERSCAN = 6;
const LOAD_MORE_BEFORE_END = 20;

export function AlertList(props: Props) {
  const { items, cursorId, hasMore, onMore } = props;
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    getItemKey: (index) => items[index]?.id ?? index,
  });
  const shown = virtual.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  const cursorIndex = items.findIndex((item) => item.id === cursorId);

  useEffect(() => {
    if (hasMore && lastShown >= items.length - LOAD_MORE_BEFORE_END) {
      onMore();
    }
  }, [hasMore, lastShown, items.length, onMore]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a moved cursor scrolls
  useEffect(() => {
    if (cursorIndex >= 0) {
      virtual.scrollToIndex(cursorIndex);
    }
  }, [cursorIndex]);

  return (
    <div className="alerts-box" ref={box} tabIndex={0} role="region" aria-label="Alerts">
      <ul className="alerts" style={{ height: virtual.getTotalSize() }}>
        {shown.map((row) => {
          const alert = items[row.index];
          return alert ? (
            <li
              key={alert.id}
              ref={virtual.measureElement}
              data-index={row.index}
              aria-setsize={hasMore ? -1 : items.length}
              aria-posinset={row.index + 1}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <AlertItem
                alert={alert}
                isCursor={alert.id === cursorId}
                isOpen={alert.id === props.openId}
                showsPayload={alert.id === props.payloadOf}
                onCursor={props.onCursor}
                onOpen={props.onOpen}
                onPayload={props.onPayload}
                onLabel={props.onLabel}
              />
            </li>
          ) : null;
        })}
      </ul>
    </div>
  );
}
