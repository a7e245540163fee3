// Two models as graphs side by side: their layers in rows that belong together, what differs in each, and which groups correspond.
import type { Model } from '../graph/model';
import { changeBits, type GraphComparison, type PairColumns, type RowLayers, type Side } from '../protocol/comparison';
import type { ModelSnapshot } from '../protocol/view';
import type { LayerAnalysis, ModelAnalysis } from './analyze';
import { pairGroups } from './groupPairs';
import { matchModels } from './match';
import { nodeChanges, sameValues } from './nodeChanges';
import { partsInOrder, type Part } from './structuralDiff';

/** A model with what is known of it at the bindings it is compared at. */
export interface ComparedModel {
  readonly model: Model;
  readonly analysis: ModelAnalysis;
  readonly snapshot: ModelSnapshot;
}

/** A side's layers by key: analysis and number in the snapshot; what the snapshot leaves out is not there. */
type Layers = ReadonlyMap<string, { readonly layer: LayerAnalysis; readonly index: number }>;

interface Row {
  readonly layers: Readonly<Record<Side, readonly number[]>>;
  readonly changes: number;
}

/** @throws LatheError when the weights of a model cannot be read */
export function compareGraphs(before: ComparedModel, after: ComparedModel): GraphComparison {
  const known = { before: shownLayers(before), after: shownLayers(after) };
  const keysAfter = after.analysis.layers.map(({ key }) => key);
  const rows = partsInOrder(matchModels(before.model, after.model), keysAfter)
    .map((part) => rowOf(part, known))
    .filter(({ layers }) => layers.before.length + layers.after.length > 0);
  const pairs = toColumns(rows, before.snapshot, after.snapshot);
  return { before: before.snapshot, after: after.snapshot, pairs, groups: pairGroups(before.snapshot, after.snapshot, pairs.layers) };
}

function shownLayers({ analysis, snapshot }: ComparedModel): Layers {
  const analysed = new Map(analysis.layers.map((layer) => [layer.key, layer]));
  return new Map(snapshot.layers.keys.flatMap((key, index) => {
    const layer = analysed.get(key);
    return layer === undefined ? [] : [[key, { layer, index }] as const];
  }));
}

function rowOf(part: Part, known: Readonly<Record<Side, Layers>>): Row {
  const of = (side: Side): { readonly layer: LayerAnalysis; readonly index: number }[] => [...part[side]].flatMap((key) => known[side].get(key) ?? []);
  const inOrder = { before: of('before').sort((a, b) => a.index - b.index), after: of('after').sort((a, b) => a.index - b.index) };
  // What does the work stands first: it is what the whole goes by.
  const leading = (side: Side): number[] => inOrder[side].toSorted((a, b) => (b.layer.macs ?? 0) - (a.layer.macs ?? 0)).map(({ index }) => index);
  const layers = { before: leading('before'), after: leading('after') };
  return { layers, changes: changesOf(inOrder.before.map(({ layer }) => layer), inOrder.after.map(({ layer }) => layer)) };
}

/** Of layers in file order. */
function changesOf(before: readonly LayerAnalysis[], after: readonly LayerAnalysis[]): number {
  if (after.length === 0) return changeBits.removed;
  if (before.length === 0) return changeBits.added;
  const operators = (layers: readonly LayerAnalysis[]): string => layers.map(({ node }) => `${node.domain}.${node.opType}`).join();
  if (operators(before) === operators(after)) return before.reduce((bits, layer, i) => bits | (after[i] === undefined ? 0 : nodeChanges(layer, after[i])), 0);
  // Several became one: of those with a counterpart of their own operator its changes count, and what comes out in the end.
  const [last, lastAfter] = [before.at(-1), after.at(-1)];
  let bits = changeBits.operators as number;
  if (last !== undefined && lastAfter !== undefined && !sameValues(last.outputs.slice(0, 1), lastAfter.outputs.slice(0, 1))) bits |= changeBits.types;
  for (const layer of before) {
    const alike = after.find(({ node }) => node.opType === layer.node.opType && node.domain === layer.node.domain);
    if (alike !== undefined) bits |= nodeChanges(layer, alike) & ~changeBits.types;
  }
  return bits;
}

function toColumns(rows: readonly Row[], before: ModelSnapshot, after: ModelSnapshot): PairColumns {
  const delta = (column: 'parameters' | 'weightBytes' | 'macs'): Float64Array => {
    const sum = (layers: readonly number[], values: Float64Array): number => layers.reduce((total, layer) => total + (values[layer] ?? Number.NaN), 0);
    return Float64Array.from(rows, ({ layers }) => sum(layers.after, after.layers[column]) - sum(layers.before, before.layers[column]));
  };
  return {
    count: rows.length,
    layers: { before: toLists(rows.map(({ layers }) => layers.before)), after: toLists(rows.map(({ layers }) => layers.after)) },
    changes: Uint8Array.from(rows, ({ changes }) => changes),
    parameters: delta('parameters'),
    weightBytes: delta('weightBytes'),
    macs: delta('macs'),
  };
}

function toLists(lists: readonly (readonly number[])[]): RowLayers {
  const start = new Uint32Array(lists.length + 1);
  lists.forEach((list, row) => { start[row + 1] = (start[row] ?? 0) + list.length; });
  return { start, items: Uint32Array.from(lists.flat()) };
}
