import './grid.css';
import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type MouseEvent, type Ref, useCallback, useEffect, useImperativeHandle, useRef } from 'react';
import type { Incident } from '../../api/types';
import { useMediaQuery } from '../../ui/useMediaQuery';
import { IncidentRow } from './IncidentRow';
import {
  recallScroll,
  remember,
  rememberScroll,
  selectAll,
  toggleSelected,
  useListMemory,
} from './listMemory';
import type { SortColumn, SortKey } from './sorting';
import { tintsOf, useTints } from './tints';

const HEADERS: readonly { column: SortColumn; name: string; className: string }[] = [
  { column: 'severity', name: 'Severity', className: 'c-severity' },
  { column: 'status', name: 'Status', className: 'c-status' },
  { column: 'reference', name: 'ID', className: 'c-reference' },
  { column: 'title', name: 'Title', className: 'c-title' },
  { column: 'service', name: 'Service', className: 'c-service' },
  { column: 'alerts', name: 'Alerts', className: 'c-alerts' },
  { column: 'assignee', name: 'Assignee', className: 'c-assignee' },
  { column: 'age', name: 'Age', className: 'c-age' },
];
const OVERSCAN = 8;
/** Heights in px, as in grid.css: the sticky header, and the bulk bar that floats over the last rows. */
const HEAD = { desktop: 28, phone: 44 };
const BULK_BAR = 64;

export type GridHandle = { scrollToRow: (index: number) => void; pageRows: () => number };

type Props = {
  rows: readonly Incident[];
  sort: readonly SortKey[];
  mayWrite: boolean;
  onSort: (column: SortColumn, second: boolean) => void;
  handle: Ref<GridHandle>;
};

export function IncidentGrid({ rows, sort, mayWrite, onSort, handle }: Props) {
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery('(max-width: 899.98px)');
  const rowHeight = phone ? 64 : 32;
  const headHeight = phone ? HEAD.phone : HEAD.desktop;
  const { cursorId, selected } = useListMemory();
  const tints = useTints();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    initialOffset: recallScroll,
    scrollMargin: headHeight,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: selected.size > 0 ? BULK_BAR : 0,
    getItemKey: (index) => rows[index]?.id ?? index,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height of every row changed
  useEffect(() => virtual.measure(), [rowHeight]);
  useEffect(() => {
    box.current?.scrollTo({ top: recallScroll() });
  }, []);
  useImperativeHandle(handle, () => ({
    scrollToRow: (index) => virtual.scrollToIndex(index),
    pageRows: () => Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / rowHeight) - 2),
  }));

  // Plain links in the rows, followed here: a router link per row costs too much while scrolling.
  const followLink = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (link && !modified && event.button === 0) {
      event.preventDefault();
      void navigate({ to: link.pathname });
    }
  };
  const cursorShown = virtual.getVirtualItems().some((item) => item.key === cursorId);
  const onCursor = useCallback((id: string) => remember({ cursorId: id }), []);
  const allSelected =
    rows.length > 0 && selected.size >= rows.length && rows.every((row) => selected.has(row.id));

  return (
    <div
      className="grid"
      ref={box}
      role="grid"
      tabIndex={0}
      aria-label="Incidents"
      aria-rowcount={rows.length + 1}
      aria-multiselectable="true"
      aria-activedescendant={cursorShown ? `row-${cursorId}` : undefined}
      onClick={followLink}
      onScroll={(event) => rememberScroll(event.currentTarget.scrollTop)}
    >
      <div role="rowgroup" className="grid-heads">
        <div role="row" aria-rowindex={1} className="grid-row grid-head">
          <div role="columnheader" className="c-select">
            {mayWrite ? (
              <input
                type="checkbox"
                aria-label={`Select all ${rows.length.toLocaleString('en')} shown`}
                checked={allSelected}
                onChange={() => selectAll(allSelected ? [] : rows.map((row) => row.id))}
              />
            ) : (
              <span className="visually-hidden">Selection</span>
            )}
          </div>
          {HEADERS.map((header) => (
            <Header key={header.column} {...header} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-rows" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const incident = rows[item.index];
          return incident ? (
            <IncidentRow
              key={incident.id}
              incident={incident}
              index={item.index}
              top={item.start - headHeight}
              isCursor={incident.id === cursorId}
              isSelected={selected.has(incident.id)}
              mayWrite={mayWrite}
              tints={tintsOf(tints, incident.id)}
              onCursor={onCursor}
              onToggle={toggleSelected}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

type HeaderProps = {
  column: SortColumn;
  name: string;
  className: string;
  sort: readonly SortKey[];
  onSort: Props['onSort'];
};

function Header({ column, name, className, sort, onSort }: HeaderProps) {
  const at = sort.findIndex((key) => key.column === column);
  const key = sort[at];
  const direction = key ? (key.descending ? 'descending' : 'ascending') : 'none';
  return (
    <div role="columnheader" className={className} aria-sort={direction}>
      <button
        type="button"
        title="Sort. With Shift: as second key"
        onClick={(event: MouseEvent) => onSort(column, event.shiftKey)}
      >
        {name}
        {key && (
          <span aria-hidden="true">
            {key.descending ? ' ↓' : ' ↑'}
            {sort.length > 1 && <sub>{at + 1}</sub>}
          </span>
        )}
      </button>
    </div>
  );
}
