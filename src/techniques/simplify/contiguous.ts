// Slice and Concat of constants whose bytes stay together: done by pointing at the bytes, not by moving element after element.
import { tensorValues } from '../../operators/values';
import { intAttribute, intsAttribute } from '../../graph/traverse';
import type { Node } from '../../graph/model';
import { elementBits } from '../../tensor/elementType';
import { elementCount, type Tensor, type TensorSource } from '../../tensor/tensor';

/** Part of another source. */
function partOf(whole: TensorSource, start: number, byteLength: number): TensorSource {
  const at = whole.location;
  return {
    byteLength,
    read: (offset = 0, length = byteLength - offset) => whole.read(start + offset, length),
    ...(at === undefined ? {} : { location: { path: at.path, offset: at.offset + start } }),
  };
}

/** Several sources one after the other. */
class JoinedSource implements TensorSource {
  readonly byteLength: number;

  constructor(private readonly parts: readonly TensorSource[]) {
    this.byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0);
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const result = new Uint8Array(length);
    let at = 0;
    for (const part of this.parts) {
      const first = Math.max(offset, at);
      const last = Math.min(offset + length, at + part.byteLength);
      if (first < last) result.set(part.read(first - at, last - first), first - offset);
      at += part.byteLength;
    }
    return result;
  }
}

/** A node's result where it is one piece of its input's bytes, or its inputs' bytes in a row; undefined elsewhere. */
export function contiguousResult(node: Node, opset: number, inputs: ReadonlyMap<string, Tensor>): Tensor | undefined {
  const tensors: Tensor[] = [];
  for (const name of node.inputs) {
    const tensor = inputs.get(name);
    if (tensor === undefined || tensor.strings !== undefined || elementBits(tensor.elementType) % 8 !== 0) return undefined;
    tensors.push(tensor);
  }
  const [data] = tensors;
  if (data === undefined) return undefined;
  if (node.opType === 'Concat') return joined(node, tensors, data);
  return node.opType === 'Slice' ? part(node, opset, tensors, data) : undefined;
}

const outerOf = (dims: readonly number[], axis: number): number => elementCount(dims.slice(0, axis));

function joined(node: Node, tensors: readonly Tensor[], first: Tensor): Tensor | undefined {
  const rank = first.dims.length;
  const given = intAttribute(node, 'axis');
  if (given === undefined || given < -rank || given >= rank) return undefined;
  const axis = given < 0 ? given + rank : given;
  const fits = tensors.every(({ elementType, dims }) => elementType === first.elementType && dims.length === rank && outerOf(dims, axis) === 1 && dims.every((dim, i) => i === axis || dim === first.dims[i]));
  if (!fits) return undefined;
  const length = tensors.reduce((sum, { dims }) => sum + (dims[axis] ?? 0), 0);
  return { name: '', elementType: first.elementType, dims: first.dims.with(axis, length), source: new JoinedSource(tensors.map(({ source }) => source)) };
}

function part(node: Node, opset: number, tensors: readonly Tensor[], data: Tensor): Tensor | undefined {
  const list = (input: number, attribute: string): readonly unknown[] | undefined => {
    const tensor = tensors[input];
    return opset < 10 ? intsAttribute(node, attribute) : tensor === undefined ? undefined : tensorValues(tensor);
  };
  const starts = list(1, 'starts');
  const ends = list(2, 'ends');
  const axes = list(3, 'axes') ?? [0];
  const steps = opset < 10 ? undefined : list(4, 'steps');
  if (starts?.length !== 1 || ends?.length !== 1 || axes.length !== 1 || (steps !== undefined && steps[0] !== 1)) return undefined;
  const [start] = starts;
  const [end] = ends;
  const [given] = axes;
  const rank = data.dims.length;
  if (typeof start !== 'number' || typeof end !== 'number' || typeof given !== 'number' || given < -rank || given >= rank) return undefined;
  const axis = given < 0 ? given + rank : given;
  if (outerOf(data.dims, axis) !== 1) return undefined;
  const size = data.dims[axis] ?? 0;
  const clamp = (value: number): number => Math.min(Math.max(value < 0 ? value + size : value, 0), size);
  const first = clamp(start);
  const count = Math.max(0, clamp(end) - first);
  const rowBytes = (elementCount(data.dims.slice(axis + 1)) * elementBits(data.elementType)) / 8;
  const source = partOf(data.source, first * rowBytes, count * rowBytes);
  return { name: '', elementType: data.elementType, dims: data.dims.with(axis, count), source };
}
