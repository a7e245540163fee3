// The layers as a virtualised grid: the same data as the graph, to read, sort and hear. Only rows in view exist.
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { cividisCss } from '../../common/cividis';
import { formatShare } from '../../common/format';
import type { Heat } from '../heat';
import type { ColumnId, Sort } from '../shown';
import { columnsFor, type Column, type TableContext } from './columns';

export interface LayerTableProps {
  readonly context: TableContext;
  /** Layer numbers in the order shown. */
  readonly rows: Uint32Array;
  readonly searched: boolean;
  readonly sort: Sort;
  readonly selectedLayer: number;
  readonly onSort: (column: ColumnId) => void;
  /** The row was chosen; with `reveal` the graph opens what is around it and the inspector comes up. */
  readonly onSelect: (layer: number, reveal: boolean) => void;
}

/** The head's number among the rows that the keyboard walks. */
const headRow = -1;
const rowHeight = 22;
/** Rows kept above and below the view, so that scrolling shows no gaps. */
const spare = 8;
const barWidth = 64;

export function LayerTable({ context, rows, searched, sort, selectedLayer, onSort, onSelect }: LayerTableProps): VNode {
  const { heat } = context;
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 800, height: 200 });
  const [scrollTop, setScrollTop] = useState(0);
  const [cursor, setCursor] = useState({ row: 0, column: 0 });
  const moved = useRef(false);
  const lastSelected = useRef(selectedLayer);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const columns = columnsFor(context, size.width);
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
    const chosen = lastSelected.current !== selectedLayer;
    lastSelected.current = selectedLayer;
    const index = rows.indexOf(selectedLayer);
    if (index < 0) return;
    // Whoever sorts by the head's buttons stays there.
    setCursor((at) => (at.row === headRow && !chosen ? at : { ...at, row: index }));
    scrollTo(index);
  }, [selectedLayer, rows]);
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
    const layer = rows[next];
    if (layer !== undefined && next !== row) onSelect(layer, false);
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
    const layer = rows[index];
    if (layer !== undefined) onSelect(layer, reveal);
  };

  return (
    <div
      class="table" role="grid" aria-label="Layers" aria-rowcount={rows.length + 1} aria-colcount={columns.length} ref={scroller}
      onScroll={(event) => setScrollTop(event.currentTarget.scrollTop)} onKeyDown={onKeyDown}
    >
      <div class="table-head" role="row" aria-rowindex={1} data-row={headRow} style={{ gridTemplateColumns: tracks }}>
        {columns.map(({ id, title, numeric }, index) => (
          <div key={id} role="columnheader" class={numeric ? 'head numeric' : 'head'} aria-colindex={index + 1} aria-sort={sort.column === id ? (sort.descending ? 'descending' : 'ascending') : 'none'}>
            <button
              type="button" class="head-button" title={id === 'share' ? `Share of ${heat.metric.title}` : title} data-column={index} tabIndex={row === headRow && index === column ? 0 : -1}
              onClick={() => {
                setCursor({ row: headRow, column: index });
                onSort(id);
              }}
            >
              {title}
              {sort.column === id ? <span aria-hidden="true" class="sort-mark">{sort.descending ? ' ▾' : ' ▴'}</span> : null}
            </button>
          </div>
        ))}
      </div>
      <div class="table-body" role="rowgroup" style={{ height: `${(rows.length * rowHeight).toString()}px` }}>
        {drawn.map((index) => {
          const layer = rows[index] ?? 0;
          return (
            <div
              key={index} role="row" class={layer === selectedLayer ? 'row selected' : 'row'} aria-rowindex={index + 2} aria-selected={layer === selectedLayer} data-row={index}
              style={{ top: `${(index * rowHeight).toString()}px`, gridTemplateColumns: tracks }}
              onClick={() => {
                setCursor({ row: index, column });
                onSelect(layer, false);
              }}
              onDblClick={() => onSelect(layer, true)}
            >
              {columns.map((cell, at) => (
                <Cell key={cell.id} column={cell} context={context} layer={layer} at={at} focusable={index === row && at === column} />
              ))}
            </div>
          );
        })}
      </div>
      {rows.length === 0 ? <div class="table-empty">{!searched ? 'This model has no layers.' : 'No layer matches the search.'}</div> : null}
    </div>
  );
}

interface CellProps {
  readonly column: Column;
  readonly context: TableContext;
  readonly layer: number;
  readonly at: number;
  readonly focusable: boolean;
}

function Cell({ column, context, layer, at, focusable }: CellProps): VNode {
  const text = column.text(context, layer);
  const attributes = { role: 'gridcell' as const, tabIndex: focusable ? 0 : -1, 'aria-colindex': at + 1, 'data-column': at };
  if (column.id === 'share') {
    const { heat } = context;
    const position = heat.layerHeat[layer] ?? -1;
    return (
      <div {...attributes} class="cell share">
        {position > 0 ? <span class="bar" aria-hidden="true" style={{ width: `${Math.max(1, position * barWidth).toFixed(1)}px`, background: cividisCss(position) }} /> : null}
        <span class="share-text">{text}</span>
      </div>
    );
  }
  // Scoped names begin alike and differ at their ends: what does not fit is left out in front.
  if (column.id === 'layer') return <div {...attributes} class="cell scoped" title={text}><bdi dir="ltr">{text}</bdi></div>;
  const found = column.id === 'findings' && text !== '';
  return <div {...attributes} class={`cell${column.numeric ? ' numeric' : ''}${found ? ' found' : ''}`} title={column.numeric ? undefined : text}>{text}</div>;
}

/** Share of the metric's total, for speech. */
export function shareOf(heat: Heat, value: number): string {
  return heat.total > 0 && !Number.isNaN(value) ? formatShare(value / heat.total) : '';
}
