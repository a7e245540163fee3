// The layers as a grid: the same data as the graph, to read, sort and hear.
import type { VNode } from 'preact';
import { cividisCss } from '../../common/cividis';
import type { ColumnId, Sort } from '../shown';
import { columnsFor, type Column, type TableContext } from './columns';
import { Grid, type CellAttributes } from './grid';

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

const barWidth = 64;

export function LayerTable({ context, rows, searched, sort, selectedLayer, onSort, onSelect }: LayerTableProps): VNode {
  return (
    <Grid
      label="Layers" columnsFor={(width) => columnsFor(context, width)} rows={rows} selected={selectedLayer} sort={sort} onSort={onSort} onSelect={onSelect}
      empty={searched ? 'No layer matches the search.' : 'This model has no layers.'} headTitle={({ id, title }) => (id === 'share' ? `Share of ${context.heat.metric.title}` : title)}
      cell={(column, layer, attributes) => <Cell key={column.id} column={column} context={context} layer={layer} attributes={attributes} />}
    />
  );
}

interface CellProps {
  readonly column: Column;
  readonly context: TableContext;
  readonly layer: number;
  readonly attributes: CellAttributes;
}

function Cell({ column, context, layer, attributes }: CellProps): VNode {
  const text = column.text(context, layer);
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
