// The pairs as a grid: the same data as both graphs, to read, sort and hear.
import type { VNode } from 'preact';
import { Grid } from '../model/table/grid';
import type { ChangeMetricName } from './changeMetrics';
import { pairColumnsFor, type PairColumnId, type PairContext } from './columns';
import type { PairSort } from './state';
import { markOf } from './words';

export interface PairTableProps {
  readonly context: PairContext;
  /** What colours the graphs. */
  readonly metric: ChangeMetricName;
  readonly rows: Uint32Array;
  readonly empty: string;
  readonly sort: PairSort;
  readonly selected: number;
  readonly onSort: (column: PairColumnId) => void;
  readonly onSelect: (row: number, reveal: boolean) => void;
}

const classOfMark = { '': '', '+': 'better', '−': 'worse', '≠': 'found' } as const;
const scoped: ReadonlySet<PairColumnId> = new Set<PairColumnId>(['before', 'after']);

export function PairTable({ context, metric, rows, empty, sort, selected, onSort, onSelect }: PairTableProps): VNode {
  return (
    <Grid
      label="Pairs of layers" columnsFor={(width) => pairColumnsFor(context, metric, width)} rows={rows} selected={selected} sort={sort} empty={empty} onSort={onSort} onSelect={onSelect}
      headTitle={({ explanation }) => explanation}
      cell={(column, row, attributes) => {
        const text = column.text(context, row);
        // Scoped names begin alike and differ at their ends: what does not fit is left out in front.
        if (scoped.has(column.id)) return <div key={column.id} {...attributes} class="cell scoped" title={text}><bdi dir="ltr">{text}</bdi></div>;
        const mark = column.id === 'change' ? ` ${classOfMark[markOf(context.compared, row)]}` : '';
        return <div key={column.id} {...attributes} class={`cell${column.numeric ? ' numeric' : ''}${mark}`} title={column.numeric ? undefined : text}>{text}</div>;
      }}
    />
  );
}
