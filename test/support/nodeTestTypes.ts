// What ONNX's node tests say of their outputs, and how an inferred type stands to it.
import { formatShape } from '../../src/graph/dimension';
import type { Model, ValueType } from '../../src/graph/model';
import { readTensorFile } from '../../src/formats/onnx/tensorFile';
import type { Tensor } from '../../src/tensor/tensor';
import type { NodeTest } from './nodeTests';

/** What a model says of its outputs, taken away from it. */
export function stripOutputTypes(model: Model): readonly (ValueType | undefined)[] {
  const declared = model.graph.outputs.map((output) => output.type);
  model.graph.outputs = model.graph.outputs.map(({ name }) => ({ name }));
  model.graph.valueInfo.clear();
  return declared;
}

/** The first data set's inputs or expected outputs; undefined where one is a sequence, an optional, or absent. */
export function testTensors(test: NodeTest, kind: 'input' | 'output', count: number): (Tensor | undefined)[] {
  const folder = test.dataSets[0] ?? '';
  return Array.from({ length: count }, (_, i) => {
    try {
      return readTensorFile(`${folder}/${kind}_${i}.pb`);
    } catch {
      return undefined; // a sequence or an optional
    }
  });
}

export const showType = (type: ValueType | undefined): string => (type?.kind === 'tensor' ? `${type.elementType}${formatShape(type.shape)}` : (type?.kind ?? 'unknown'));

/** A tensor whose every dimension is a number. */
export const isStatic = (type: ValueType | undefined): boolean => type?.kind === 'tensor' && type.shape?.every((dimension) => typeof dimension === 'number') === true;

/** How a found type stands to the true one: `open` says less than is true, but nothing false. */
export function judgeType(found: ValueType | undefined, truth: ValueType): 'exact' | 'open' | 'wrong' {
  if (found === undefined) return 'open';
  if (found.kind !== truth.kind) return 'wrong';
  if (found.kind !== 'tensor' || truth.kind !== 'tensor') return 'exact';
  if (found.elementType !== truth.elementType) return 'wrong';
  if (truth.shape === undefined) return 'exact';
  if (found.shape === undefined) return 'open';
  if (found.shape.length !== truth.shape.length) return 'wrong';
  let open = false;
  for (const [axis, dimension] of truth.shape.entries()) {
    if (typeof dimension !== 'number') continue;
    const got = found.shape[axis];
    if (typeof got === 'number' && got !== dimension) return 'wrong';
    open ||= got !== dimension;
  }
  return open ? 'open' : 'exact';
}
