// A virtualised grid: sortable heads, rows that the keyboard walks cell by cell. Only rows in view exist. Knows rows and columns, not what they mean.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export interface GridColumn<C extends string> {
  readonly id: C;
  readonly title: string;
  readonly numeric: boolean;
  /** CSS grid track. */
  readonly track: string;
}

export interface CellAttributes {
  readonly role: 'gridcell';
  readonly tabIndex: number;
  readonly 'aria-colindex': number;
  readonly 'data-column': number;
}

export interface GridProps<C extends string, K extends GridColumn<C>> {
  readonly label: string;
  /** The columns for a table of this width. */
  readonly columnsFor: (width: number) => readonly K[];
  /** Items in the order shown. */
  readonly rows: Uint32Array;
  readonly selected: number;
  readonly sort: { readonly column: C; readonly descending: boolean };
  /** Stands where there are no rows. */
  readonly empty: string;
  readonly headTitle?: (column: K) => string;
  readonly rowClass?: (item: number) => string;
  readonly cell: (column: K, item: number, attributes: CellAttributes) => VNode;
  readonly onSort: (column: C) => void;
  /** The row was chosen; with `reveal` whatever else shows it opens what is around it. */
  readonly onSelect: (item: number, reveal: boolean) => void;
}

/** The head's number among the rows that the keyboard walks. */
const headRow = -1;
const rowHeight = 22;
/** Rows kept above and below the view, so that scrolling shows no gaps. */
const spare = 8;

export function Grid<C extends string, K extends GridColumn<C>>({ label, columnsFor, rows, selected, sort, empty, headTitle, rowClass, cell, onSort, onSelect }: GridProps<C, K>): VNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 200 });
  const [scrollTop, setScrollTop] = useState(0);
  const [cursor, setCursor] = useState({ row: 0, column: 0 });
  const moved = useRef(false);
  const lastSelected = useRef(selected);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const columns = columnsFor(size.width);
  const tracks = columns.map(({ track }) => track).join(' ');
  const page = Math.max(1, Math.floor((size.height - rowHeight) / rowHeight) - 1);
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(rows.length, Math.ceil((scrollTop + size.height) / rowHeight) + spare);
  const row = Math.min(cursor.row, rows.length - 1);
  const column = Math.min(cursor.column, columns.length - 1);
  const drawn = Array.from({ length: Math.max(0, last - first) }, (_, offset) => first + offset);
  // Wherever the table is scrolled to, the row with the keyboard is there: Tab would else pass the table by.
  if (row < first && row !== headRow) drawn.unshift(row);
  else if (row >= last) drawn.push(row);

  const scrollTo = (index: number): void => {
    const element = scroller.current;
    if (element === null || index === headRow) return;
    const top = index * rowHeight;
    const room = element.clientHeight - rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
  };

  // A selection made elsewhere brings its row into view and puts the keyboard there.
  useEffect(() => {
    const chosen = lastSelected.current !== selected;
    lastSelected.current = selected;
    const index = rows.indexOf(selected);
    if (index < 0) return;
    // Whoever sorts by the head's buttons stays there.
    setCursor((at) => (at.row === headRow && !chosen ? at : { ...at, row: index }));
    scrollTo(index);
  }, [selected, rows]);
  // The cell under the keyboard has the focus; it may only just have been rendered.
  useLayoutEffect(() => {
    if (!moved.current) return;
    moved.current = false;
    scroller.current?.querySelector<HTMLElement>(`[data-row="${row.toString()}"] [data-column="${column.toString()}"]`)?.focus({ preventScroll: true });
  });

  const go = (toRow: number, toColumn: number): void => {
    const next = Math.min(rows.length - 1, Math.max(headRow, toRow));
    moved.current = true;
    setCursor({ row: next, column: Math.min(columns.length - 1, Math.max(0, toColumn)) });
    scrollTo(next);
    setScrollTop(scroller.current?.scrollTop ?? 0);
    const item = rows[next];
    if (item !== undefined && next !== row) onSelect(item, false);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const far = event.ctrlKey || event.metaKey;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => go(row + 1, column),
      ArrowUp: () => go(row - 1, column),
      ArrowRight: () => go(row, column + 1),
      ArrowLeft: () => go(row, column - 1),
      PageDown: () => go(row + page, column),
      PageUp: () => go(Math.max(Math.min(row, 0), row - page), column),
      Home: () => go(far ? 0 : row, 0),
      End: () => go(far ? rows.length - 1 : row, columns.length - 1),
      Enter: () => choose(row, true),
      ' ': () => choose(row, false),
    };
    const move = moves[event.key];
    // In the head Enter and the space bar press its button.
    if (move === undefined || (row === headRow && (event.key === 'Enter' || event.key === ' '))) return;
    event.preventDefault();
    move();
  };
  const choose = (index: number, reveal: boolean): void => {
    const item = rows[index];
    if (item !== undefined) onSelect(item, reveal);
  };

  return (
    <div
      class="table" role="grid" aria-label={label} aria-rowcount={rows.length + 1} aria-colcount={columns.length} ref={scroller}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)} onKeyDown={onKeyDown}
    >
      <div class="table-head" role="row" aria-rowindex={1} data-row={headRow} style={{ gridTemplateColumns: tracks }}>
        {columns.map((head, index) => (
          <div key={head.id} role="columnheader" class={head.numeric ? 'head numeric' : 'head'} aria-colindex={index + 1} aria-sort={sort.column === head.id ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
            <button
              type="button" class="head-button" title={headTitle?.(head) ?? head.title} data-column={index} tabIndex={row === headRow && index === column ? 0 : -1}
              onClick={() => {
                setCursor({ row: headRow, column: index });
                onSort(head.id);
              }}
            >
              {head.title}
              {sort.column === head.id ? <span aria-hidden="true" class="sort-mark">{sort.descending ? ' ▾' : ' ▴'}</span> : null}
            </button>
          </div>
        ))}
      </div>
      <div class="table-body" role="rowgroup" style={{ height: `${(rows.length * rowHeight).toString()}px` }}>
        {drawn.map((index) => {
          const item = rows[index] ?? 0;
          return (
            <div
              key={index} role="row" class={`row${item === selected ? ' selected' : ''}${rowClass === undefined ? '' : ` ${rowClass(item)}`}`} aria-rowindex={index + 2} aria-selected={item === selected} data-row={index}
              style={{ top: `${(index * rowHeight).toString()}px`, gridTemplateColumns: tracks }}
              onClick={() => {
                setCursor({ row: index, column });
                onSelect(item, false);
              }}
              onDblClick={() => onSelect(item, true)}
            >
              {columns.map((shown, at) => cell(shown, item, { role: 'gridcell', tabIndex: index === row && at === column ? 0 : -1, 'aria-colindex': at + 1, 'data-column': at }))}
            </div>
          );
        })}
      </div>
      {rows.length === 0 ? <div class="table-empty">{empty}</div> : null}
    </div>
  );
}
