// Two models node by node: which belong together, and what each cost before and costs now.
import type { Model } from '../graph/model';
import type { CostChange, LayerChange, StructureComparison } from '../protocol/analysis';
import { analyzeModel, type LayerAnalysis } from './analyze';
import type { InferOptions } from './infer';
import { matchModels, type ModelMatch, type NodePair } from './match';

/** @throws LatheError when weights that tell nodes apart cannot be read */
export function compareStructure(before: Model, after: Model, options: InferOptions = {}): StructureComparison {
  const match = matchModels(before, after);
  const layersBefore = layersOf(before, options);
  const layersAfter = layersOf(after, options);
  return {
    nodes: { before: layersBefore.size, after: layersAfter.size },
    matched: layersBefore.size - match.onlyBefore.length,
    layers: partsInOrder(match, layersAfter.keys()).map((part) => changeOf(part, layersBefore, layersAfter)),
  };
}

/** Keys of nodes that belong together. */
export interface Part {
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

interface GrowingPart {
  readonly before: Set<string>;
  readonly after: Set<string>;
}

/** All nodes of two models in parts that belong together, in the order of the second model's keys; what is gone stands at the end. */
export function partsInOrder({ pairs, onlyBefore }: ModelMatch, keysAfter: Iterable<string>): Part[] {
  const parts = partsOf(pairs);
  const inOrder = new Set<Part>();
  for (const key of keysAfter) inOrder.add(parts.get(key) ?? { before: new Set(), after: new Set([key]) });
  for (const key of onlyBefore) inOrder.add({ before: new Set([key]), after: new Set() });
  return [...inOrder];
}

/** What pairs hang together, by the keys of the second model. */
function partsOf(pairs: readonly NodePair[]): ReadonlyMap<string, GrowingPart> {
  const before = new Map<string, GrowingPart>();
  const after = new Map<string, GrowingPart>();
  for (const pair of pairs) {
    const [left, right] = [before.get(pair.before), after.get(pair.after)];
    const part = joined(left, right);
    part.before.add(pair.before);
    part.after.add(pair.after);
    const moved = part === left ? right : left;
    for (const key of [pair.before, ...(moved?.before ?? [])]) before.set(key, part);
    for (const key of [pair.after, ...(moved?.after ?? [])]) after.set(key, part);
  }
  return after;
}

/** The larger of two parts, which takes the other in. */
function joined(left: GrowingPart | undefined, right: GrowingPart | undefined): GrowingPart {
  const size = (part: GrowingPart | undefined): number => (part === undefined ? -1 : part.before.size + part.after.size);
  const [large, small] = size(left) >= size(right) ? [left, right] : [right, left];
  if (large === undefined) return { before: new Set(), after: new Set() };
  if (small === undefined || small === large) return large;
  for (const key of small.before) large.before.add(key);
  for (const key of small.after) large.after.add(key);
  return large;
}

const layersOf = (model: Model, options: InferOptions): ReadonlyMap<string, LayerAnalysis> => new Map(analyzeModel(model, options).layers.map((layer) => [layer.key, layer]));

function changeOf(part: Part, layersBefore: ReadonlyMap<string, LayerAnalysis>, layersAfter: ReadonlyMap<string, LayerAnalysis>): LayerChange {
  const known = (keys: ReadonlySet<string>, layers: ReadonlyMap<string, LayerAnalysis>): LayerAnalysis[] => [...keys].flatMap((key) => layers.get(key) ?? []).sort((a, b) => (b.macs ?? 0) - (a.macs ?? 0));
  // What does the work stands first: it is what the whole goes by.
  const [before, after] = [known(part.before, layersBefore), known(part.after, layersAfter)];
  const change = (of: (layer: LayerAnalysis) => number | null): CostChange => ({ before: total(before, of), after: total(after, of) });
  return {
    before: before.map(({ key }) => key),
    after: after.map(({ key }) => key),
    operators: [before, after]
      .filter((layers) => layers.length > 0)
      .map((layers) => layers.map(({ node }) => node.opType).join(' + '))
      .join(' → '),
    parameters: change((layer) => layer.parameters),
    weightBytes: change((layer) => layer.weightBytes),
    macs: change((layer) => layer.macs),
  };
}

function total(layers: readonly LayerAnalysis[], of: (layer: LayerAnalysis) => number | null): number | null {
  let sum = 0;
  for (const layer of layers) {
    const value = of(layer);
    if (value === null) return null;
    sum += value;
  }
  return sum;
}
