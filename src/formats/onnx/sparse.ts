// What makes a SparseTensorProto valid: values and indices at hand, indices in range, ascending, unique. Source: onnx.proto3, SparseTensorProto.
import type { LatheError } from '../../base/errors';
import { elementCount, type SparseTensor } from '../../tensor/tensor';

/** @throws what `fail` makes where the sparse tensor breaks a rule. Reads the indices. */
export function checkSparse(sparse: SparseTensor, fail: (what: string) => LatheError): void {
  const { values, indices, dims } = sparse;
  if (values.storage === 'external' || indices.storage === 'external') throw fail('The sparse tensor has its values or indices in another file, which onnxruntime refuses.');
  if (values.dims.length !== 1) throw fail(`The sparse tensor's values have rank ${values.dims.length}, not 1.`);
  if (indices.elementType !== 'int64') throw fail(`The sparse tensor's indices are ${indices.elementType}, not int64.`);
  const count = values.dims[0] ?? 0;
  const rank = dims.length;
  const linear = indices.dims.length === 1 && indices.dims[0] === count;
  const byAxis = indices.dims.length === 2 && indices.dims[0] === count && indices.dims[1] === rank;
  if (!linear && !byAxis) throw fail(`The sparse tensor's indices have shape ${indices.dims.join('×')}; ${count} or ${count}×${rank} is needed.`);
  const bytes = indices.source.read();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = elementCount(dims);
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const position = linear ? Number(view.getBigInt64(i * 8, true)) : linearIndex(view, i, dims, fail);
    if (position < 0 || position >= size) throw fail(`The sparse tensor's index ${position} lies outside its shape ${dims.join('×')}.`);
    if (position <= previous) throw fail(`The sparse tensor's indices are not ascending: ${position} follows ${previous}.`);
    previous = position;
  }
}

/** Row `i` of an NNZ × rank index tensor as a row-major position. */
function linearIndex(view: DataView, i: number, dims: readonly number[], fail: (what: string) => LatheError): number {
  return dims.reduce((position, dim, axis) => {
    const index = Number(view.getBigInt64((i * dims.length + axis) * 8, true));
    if (index < 0 || index >= dim) throw fail(`The sparse tensor's index ${index} on axis ${axis} lies outside its shape ${dims.join('×')}.`);
    return position * dim + index;
  }, 0);
}
