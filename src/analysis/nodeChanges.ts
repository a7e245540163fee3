// What differs between a node and its counterpart in another model: attributes, what comes out, weights.
import { isDeepStrictEqual } from 'node:util';
import type { Attribute } from '../graph/model';
import type { ValueSummary } from '../protocol/analysis';
import { changeBits } from '../protocol/comparison';
import { fingerprintTensor, sameContent } from '../tensor/statistics';
import type { Tensor } from '../tensor/tensor';
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

function sameAttributes(before: ReadonlyMap<string, Attribute>, after: ReadonlyMap<string, Attribute>): boolean {
  return before.size === after.size && [...before].every(([name, attribute]) => sameAttribute(attribute, after.get(name)));
}

function sameAttribute(a: Attribute, b: Attribute | undefined): boolean {
  if (b === undefined || a.reference !== b.reference) return false;
  if (a.type === 'tensor' && b.type === 'tensor') return sameTensor(a.value, b.value);
  if (a.type === 'tensors' && b.type === 'tensors') return a.value.length === b.value.length && a.value.every((tensor, i) => sameMaybe(tensor, b.value[i]));
  if (a.type === 'sparseTensor' && b.type === 'sparseTensor') return isDeepStrictEqual(a.value.dims, b.value.dims) && sameTensor(a.value.values, b.value.values) && sameTensor(a.value.indices, b.value.indices);
  if (a.type === 'graph' || a.type === 'graphs') return a.type === b.type;
  return a.type === b.type && isDeepStrictEqual(a.value, b.value);
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

const sameMaybe = (a: Tensor, b: Tensor | undefined): boolean => b !== undefined && sameTensor(a, b);

/** Samples tell most of those that differ apart; only equal ones are read whole. */
function sameTensor(a: Tensor, b: Tensor): boolean {
  const [place, other] = [a.source.location, b.source.location];
  if (place !== undefined && place.path === other?.path && place.offset === other.offset && a.source.byteLength === b.source.byteLength && a.elementType === b.elementType && isDeepStrictEqual(a.dims, b.dims)) return true;
  return fingerprintTensor(a) === fingerprintTensor(b) && sameContent(a, b);
}
