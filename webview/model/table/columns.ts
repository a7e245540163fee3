// The layer table's columns: what each shows, how it sorts, and how dear its place is when the page is narrow.
import type { ColumnId, Shown } from '../shown';
import { operatorOf } from '../cardText';
import { formatBytes, formatCount, formatMilliseconds, formatShare, unknown } from '../../common/format';
import { visible } from '../../common/visible';
import type { Heat } from '../heat';

export interface TableContext {
  readonly model: Shown;
  readonly heat: Heat;
  readonly findingCount: Uint16Array;
}

export interface Column {
  readonly id: ColumnId;
  readonly title: string;
  readonly numeric: boolean;
  /** CSS grid track. */
  readonly track: string;
  /** The table is at least this wide where the column shows. */
  readonly from: number;
  readonly text: (context: TableContext, layer: number) => string;
  /** Sort key; strings sort by the language, unknown numbers (NaN) always last. */
  readonly key: (context: TableContext, layer: number) => string | number;
}

const figure = (id: ColumnId, title: string, track: string, from: number, format: (value: number) => string, values: (context: TableContext) => Float64Array): Column => ({
  id, title, numeric: true, track, from,
  text: (context, layer) => {
    const value = values(context)[layer] ?? Number.NaN;
    return Number.isNaN(value) ? unknown : value === 0 ? '' : format(value);
  },
  key: (context, layer) => values(context)[layer] ?? Number.NaN,
});

const none = new Float64Array();

export const columns: readonly Column[] = [
  {
    id: 'layer', title: 'Layer', numeric: false, track: 'minmax(120px, 2.4fr)', from: 0,
    text: ({ model }, layer) => visible(model.snapshot.layers.keys[layer] ?? ''),
    key: ({ model }, layer) => model.snapshot.layers.keys[layer] ?? '',
  },
  {
    id: 'operator', title: 'Operator', numeric: false, track: 'minmax(84px, 1fr)', from: 330,
    text: ({ model }, layer) => visible(operatorOf(model.snapshot, layer)),
    key: ({ model }, layer) => operatorOf(model.snapshot, layer),
  },
  {
    id: 'output', title: 'Output', numeric: false, track: 'minmax(100px, 1.1fr)', from: 640,
    text: ({ model }, layer) => visible(model.snapshot.layers.shape[layer] ?? ''),
    key: ({ model }, layer) => model.snapshot.layers.shape[layer] ?? '',
  },
  figure('parameters', 'Parameters', '98px', 520, formatCount, ({ model }) => model.snapshot.layers.parameters),
  figure('macs', 'MACs', '78px', 580, formatCount, ({ model }) => model.snapshot.layers.macs),
  figure('weightBytes', 'Weights', '82px', 960, formatBytes, ({ model }) => model.snapshot.layers.weightBytes),
  figure('activationBytes', 'Activation', '94px', 1060, formatBytes, ({ model }) => model.snapshot.layers.activationBytes),
  figure('sensitivity', 'Sensitivity', '92px', 420, formatShare, ({ model }) => model.snapshot.layers.sensitivity ?? none),
  figure('layerError', 'Error', '72px', 420, formatShare, ({ model }) => model.snapshot.layers.layerError ?? none),
  figure('latency', 'Latency', '78px', 0, formatMilliseconds, ({ model }) => model.latency ?? none),
  {
    id: 'share', title: 'Share', numeric: true, track: 'minmax(100px, 150px)', from: 0,
    text: ({ heat }, layer) => {
      const value = heat.values[layer] ?? Number.NaN;
      return Number.isNaN(value) ? unknown : heat.whole > 0 ? formatShare(value / heat.whole) : '';
    },
    key: ({ heat }, layer) => heat.values[layer] ?? Number.NaN,
  },
  {
    id: 'findings', title: 'Findings', numeric: true, track: '80px', from: 480,
    text: ({ findingCount }, layer) => (findingCount[layer] ?? 0) === 0 ? '' : (findingCount[layer] ?? 0).toString(),
    key: ({ findingCount }, layer) => findingCount[layer] ?? 0,
  },
];

/** The columns for a table of this width: latency only once measured, findings only where there are any. */
export function columnsFor(context: TableContext, width: number): readonly Column[] {
  return columns.filter(({ id, from }) => {
    if (id === 'latency' && context.model.latency === undefined) return false;
    if ((id === 'sensitivity' || id === 'layerError') && context.model.snapshot.layers[id] === undefined) return false;
    if (id === 'findings' && context.model.findings.every(({ layer }) => layer === undefined)) return false;
    return width >= from;
  });
}
