// What differs between a node and its counterpart in another model: attributes, what comes out, weights.
import { isDeepStrictEqual } from 'node:util';
import { sameAttributes, sameTensor } from '../graph/sameAttributes';
import type { ValueSummary } from '../protocol/analysis';
import { changeBits } from '../protocol/comparison';
import type { LayerAnalysis } from './analyze';
import type { WeightUse } from './weights';

/**
 * {@link changeBits} between two nodes of one operator, names apart. Subgraphs are not looked into: their nodes are layers of their own.
 * @throws LatheError when weights cannot be read
 */
export function nodeChanges(before: LayerAnalysis, after: LayerAnalysis): number {
  return (
    (sameAttributes(before.node.attributes, after.node.attributes) ? 0 : changeBits.attributes) |
    (sameValues(before.outputs, after.outputs) ? 0 : changeBits.types) |
    (sameWeights(before.weights, after.weights) ? 0 : changeBits.weights)
  );
}

/** Element types and shapes; a symbol's name says nothing, exporters number them. */
export function sameValues(before: readonly ValueSummary[], after: readonly ValueSummary[]): boolean {
  return before.length === after.length && before.every((value, i) => sameValue(value, after[i]));
}

function sameValue({ type, shape }: ValueSummary, other: ValueSummary | undefined): boolean {
  if (other?.type !== type || shape?.length !== other.shape?.length) return false;
  return shape === undefined || shape.every((dimension, axis) => dimension === other.shape?.[axis] || (typeof dimension !== 'number' && typeof other.shape?.[axis] !== 'number'));
}

function sameWeights(before: readonly WeightUse[], after: readonly WeightUse[]): boolean {
  if (before.length !== after.length) return false;
  return before.every((weight, i) => {
    const other = after[i];
    if (other?.input !== weight.input || other.elementType !== weight.elementType || !isDeepStrictEqual(other.dims, weight.dims)) return false;
    return weight.tensor === undefined || other.tensor === undefined ? weight.tensor === other.tensor : sameTensor(weight.tensor, other.tensor);
  });
}
