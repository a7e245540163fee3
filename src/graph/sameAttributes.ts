// Whether two nodes' attributes say the same, tensors compared by their bytes.
import { isDeepStrictEqual } from 'node:util';
import { fingerprintTensor, sameContent } from '../tensor/statistics';
import type { Tensor } from '../tensor/tensor';
import type { Attribute } from './model';

/** @throws LatheError when tensors cannot be read */
export function sameAttributes(before: ReadonlyMap<string, Attribute>, after: ReadonlyMap<string, Attribute>): boolean {
  return before.size === after.size && [...before].every(([name, attribute]) => sameAttribute(attribute, after.get(name)));
}

/** Subgraphs are not looked into: their nodes are compared one by one. @throws LatheError when tensors cannot be read */
export function sameAttribute(a: Attribute, b: Attribute | undefined): boolean {
  if (a === b) return true;
  if (b === undefined || a.reference !== b.reference) return false;
  if (a.type === 'tensor' && b.type === 'tensor') return sameTensor(a.value, b.value);
  if (a.type === 'tensors' && b.type === 'tensors') return a.value.length === b.value.length && a.value.every((tensor, i) => sameMaybe(tensor, b.value[i]));
  if (a.type === 'sparseTensor' && b.type === 'sparseTensor') return isDeepStrictEqual(a.value.dims, b.value.dims) && sameTensor(a.value.values, b.value.values) && sameTensor(a.value.indices, b.value.indices);
  if (a.type === 'graph' || a.type === 'graphs') return a.type === b.type;
  return a.type === b.type && isDeepStrictEqual(a.value, b.value);
}

const sameMaybe = (a: Tensor, b: Tensor | undefined): boolean => b !== undefined && sameTensor(a, b);

/** Samples tell most of those that differ apart; only equal ones are read whole. @throws LatheError when they cannot be read */
export function sameTensor(a: Tensor, b: Tensor): boolean {
  const [place, other] = [a.source.location, b.source.location];
  if (place !== undefined && place.path === other?.path && place.offset === other.offset && a.source.byteLength === b.source.byteLength && a.elementType === b.elementType && isDeepStrictEqual(a.dims, b.dims)) return true;
  return fingerprintTensor(a) === fingerprintTensor(b) && sameContent(a, b);
}
