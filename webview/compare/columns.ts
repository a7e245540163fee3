// The columns of the table of pairs: what each shows, how it sorts, and how dear its place is when the page is narrow.
import type { Side } from '../../src/protocol/comparison';
import { formatBytes, formatChange, formatCount, formatMilliseconds, significant, unknown } from '../common/format';
import type { GridColumn } from '../model/table/grid';
import { orderedBy } from '../model/table/rows';
import type { ChangeMetricName } from './changeMetrics';
import { changesOf, layersOf, type Compared, type Measured } from './compared';
import type { PairSort } from './state';
import { changeText, layerNames, markOf, operatorText, sideNames } from './words';

export type PairColumnId = 'change' | 'before' | 'after' | 'operator' | 'parameters' | 'weightBytes' | 'macs' | 'msBefore' | 'msAfter' | 'ms' | 'sqnr' | 'maxAbs';

export interface PairContext {
  readonly compared: Compared;
  readonly measured: Measured | undefined;
}

export interface PairColumn extends GridColumn<PairColumnId> {
  /** Said in full to who points at the head. */
  readonly explanation: string;
  /** Pixels it takes at least. */
  readonly least: number;
  readonly isMeasured: boolean;
  readonly text: (context: PairContext, row: number) => string;
  /** Sort key; strings sort by the language, unknown numbers (NaN) always last. */
  readonly key: (context: PairContext, row: number) => string | number;
}

type Values = (context: PairContext) => Float64Array | undefined;

function figure(id: PairColumnId, title: string, explanation: string, least: number, format: (value: number) => string, values: Values, isMeasured = false): PairColumn {
  return {
    id, title, explanation, numeric: true, track: `${least.toString()}px`, least, isMeasured,
    text: (context, row) => {
      const value = values(context)?.[row] ?? Number.NaN;
      return Number.isNaN(value) ? unknown : value === 0 && !isMeasured ? '' : format(value);
    },
    key: (context, row) => values(context)?.[row] ?? Number.NaN,
  };
}

/** Of one side; where that has no layers, it has no time of its own either. */
function milliseconds(id: PairColumnId, side: Side): PairColumn {
  const column = figure(id, `Time in ${sideNames[side]}`, `Milliseconds in ${sideNames[side]}, measured here`, 86, formatMilliseconds, ({ measured }) => measured?.milliseconds[side], true);
  return { ...column, text: (context, row) => (layersOf(context.compared, side, row).length === 0 ? '' : column.text(context, row)) };
}

const delta = (format: (value: number) => string) => (value: number): string => formatChange(value, format);
const decibels = (value: number): string => (value === Number.POSITIVE_INFINITY ? 'equal' : `${significant(value)} dB`);

export const pairColumns: readonly PairColumn[] = [
  {
    id: 'change', title: 'Change', explanation: 'What differs between A and B', numeric: false, track: 'minmax(96px, 1.2fr)', least: 96, isMeasured: false,
    text: ({ compared }, row) => `${markOf(compared, row)} ${changeText(compared, row)}`.trim(),
    // What was added or removed weighs most, then operators, then how much differs.
    key: ({ compared }, row) => {
      const changes = changesOf(compared, row);
      const [first] = changes;
      return first === undefined ? (compared.changed[row] ?? 0) / 2 : { removed: 8, added: 7, operators: 6, attributes: 1, types: 1, weights: 1 }[first] + changes.length / 10;
    },
  },
  { id: 'before', title: 'Layer in A', explanation: 'Layers of A, the one that does the work first', numeric: false, track: 'minmax(110px, 1.6fr)', least: 110, isMeasured: false, text: ({ compared }, row) => layerNames(compared, 'before', row), key: ({ compared }, row) => layerNames(compared, 'before', row) },
  { id: 'after', title: 'Layer in B', explanation: 'Layers of B, the one that does the work first', numeric: false, track: 'minmax(110px, 1.6fr)', least: 110, isMeasured: false, text: ({ compared }, row) => layerNames(compared, 'after', row), key: ({ compared }, row) => layerNames(compared, 'after', row) },
  { id: 'operator', title: 'Operator', explanation: 'Operators in A → in B', numeric: false, track: 'minmax(84px, 1.1fr)', least: 84, isMeasured: false, text: ({ compared }, row) => operatorText(compared, row), key: ({ compared }, row) => operatorText(compared, row) },
  figure('parameters', 'Δ Parameters', 'Parameters in B less those in A', 118, delta(formatCount), ({ compared }) => compared.comparison.pairs.parameters),
  figure('weightBytes', 'Δ Weights', 'Bytes of weights in B less those in A', 96, delta(formatBytes), ({ compared }) => compared.comparison.pairs.weightBytes),
  figure('macs', 'Δ MACs', 'Multiply-accumulates in B less those in A', 84, delta(formatCount), ({ compared }) => compared.comparison.pairs.macs),
  milliseconds('msBefore', 'before'),
  milliseconds('msAfter', 'after'),
  figure('ms', 'Δ Latency', 'Milliseconds in B less those in A, measured here one after the other', 92, delta(formatMilliseconds), ({ measured }) => measured?.millisecondsDelta, true),
  figure('sqnr', 'SQNR', 'Signal to noise of what comes out in B, with A as the signal', 82, decibels, ({ measured }) => measured?.measurement.sqnrDb, true),
  figure('maxAbs', 'max |Δ|', 'Greatest difference of what comes out', 86, (value) => significant(value), ({ measured }) => measured?.measurement.maxAbs, true),
];

/** The column that says what colours the graphs. */
const columnOfMetric = { parameters: 'parameters', weightBytes: 'weightBytes', macs: 'macs', latency: 'ms', error: 'sqnr' } as const satisfies Record<ChangeMetricName, PairColumnId>;
/** What is given up last stands first; before all of these but the first comes what colours the graphs. */
const importance: readonly PairColumnId[] = ['after', 'weightBytes', 'ms', 'sqnr', 'operator', 'msBefore', 'msAfter', 'macs', 'parameters', 'maxAbs'];
/** Left and right of a row. */
const rowPadding = 16;

/** The columns that have room in a table of this width, measured ones only once there is a figure in them. */
export function pairColumnsFor(context: PairContext, metric: ChangeMetricName, width: number): readonly PairColumn[] {
  const offered = new Map(pairColumns.filter((column) => !column.isMeasured || hasFigures(context, column)).map((column) => [column.id, column]));
  const shown = new Set<PairColumnId>();
  let room = width - rowPadding;
  for (const id of ['change', 'before', columnOfMetric[metric], ...importance] as const) {
    const column = offered.get(id);
    if (column === undefined || shown.has(id)) continue;
    if (column.least > room && shown.size >= 3) break;
    shown.add(id);
    room -= column.least;
  }
  return pairColumns.filter(({ id }) => shown.has(id));
}

function hasFigures(context: PairContext, { key }: PairColumn): boolean {
  if (context.measured === undefined) return false;
  for (let row = 0; row < context.compared.comparison.pairs.count; row += 1) if (!Number.isNaN(key(context, row))) return true;
  return false;
}

/** All rows in order. */
export function sortedPairs(context: PairContext, sort: PairSort): Uint32Array {
  const column = pairColumns.find(({ id }) => id === sort.column);
  return orderedBy(context.compared.comparison.pairs.count, (row) => column?.key(context, row) ?? 0, sort.descending);
}

/** What a search looks at, one lower-case text per row. */
export function searchTexts(compared: Compared): readonly string[] {
  return Array.from({ length: compared.comparison.pairs.count }, (_, row) => `${layerNames(compared, 'before', row).slice(0, 4000)} ${layerNames(compared, 'after', row).slice(0, 4000)} ${operatorText(compared, row)} ${changeText(compared, row)}`.toLowerCase());
}
