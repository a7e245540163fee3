// LSTM with int8 weights: onnxruntime's DynamicQuantizeLSTM, which quantizes what it reads as it comes.
import type { Model, Node } from '../../graph/model';
import { makeNode } from '../../graph/construct';
import { intAttribute, nodeKeys } from '../../graph/traverse';
import { toFloat32Array } from '../../tensor/decode';
import { elementCount, tensorFromArray, type Tensor } from '../../tensor/tensor';
import { scanChannelScales, type WeightRange } from './channelScales';
import { constantOf } from './constants';
import type { FreshNames } from './names';
import { quantizedWeight } from './quantizedWeight';

export interface LstmLayer {
  readonly node: Node;
  readonly key: string;
  /** W [directions, 4·hidden, inputs] and R [directions, 4·hidden, hidden]. */
  readonly weights: readonly [Tensor, Tensor];
}

/** Inputs of LSTM before those that DynamicQuantizeLSTM adds: X, W, R, B, sequence_lens, initial_h, initial_c, P. */
const ownInputs = 8;
export const contribDomain = 'com.microsoft';

/** The LSTM nodes of the top graph whose weights are constant. Batch-major ones (`layout` 1) have no int8 form. */
export function lstmLayers(model: Model): LstmLayer[] {
  const keys = nodeKeys(model.graph);
  return model.graph.nodes.flatMap((node) => {
    if (node.opType !== 'LSTM' || node.domain !== '' || intAttribute(node, 'layout', 0) !== 0) return [];
    const [w, r] = [1, 2].map((input) => constantOf(model, node.inputs[input] ?? ''));
    if (w?.elementType !== 'float32' || r?.elementType !== 'float32' || w.dims.length !== 3 || r.dims.length !== 3) return [];
    return [{ node, key: keys.get(node) ?? node.name, weights: [w, r] as const }];
  });
}

/**
 * The node that takes an LSTM's place; its weights are added to the model, one scale per direction: with
 * a scale per row, which the kernel takes too, onnxruntime 1.30 is far less exact (17.6 against 33.6 dB on the test's model).
 * @returns undefined where a weight is not finite.
 */
export function quantizedLstm(model: Model, names: FreshNames, { node, weights }: LstmLayer, range: WeightRange): Node | undefined {
  const stored = weights.map((weight) => storedWeight(names, weight, range));
  const [w, r] = stored;
  if (w === undefined || r === undefined) return undefined;
  for (const { integers, scale, zeroPoint } of [w, r]) for (const tensor of [integers, scale, zeroPoint]) model.graph.initializers.set(tensor.name, tensor);
  const inputs = Array.from({ length: ownInputs }, (_, i) => node.inputs[i] ?? '');
  inputs[1] = w.integers.name;
  inputs[2] = r.integers.name;
  inputs.push(w.scale.name, w.zeroPoint.name, r.scale.name, r.zeroPoint.name);
  if (!model.opsetImports.has(contribDomain)) model.opsetImports.set(contribDomain, 1);
  const kept = new Map([...node.attributes].filter(([name]) => name !== 'layout'));
  return makeNode({ ...node, opType: 'DynamicQuantizeLSTM', domain: contribDomain, inputs, attributes: kept });
}

interface StoredLstmWeight {
  readonly integers: Tensor;
  readonly scale: Tensor;
  readonly zeroPoint: Tensor;
}

/** [directions, rows, columns] as int8 [directions, columns, rows], with a scale per direction. */
function storedWeight(names: FreshNames, weight: Tensor, range: WeightRange): StoredLstmWeight | undefined {
  const [directions = 1, rows = 1, columns = 1] = weight.dims;
  const flat: Tensor = { ...weight, dims: [directions * rows, columns] };
  const found = scanChannelScales(flat, 0, range);
  if (!found.finite) return undefined;
  const scales = directionScales(flat, found.scales, directions);
  const plain = new Int8Array(quantizedWeight('', flat, { ...found, scales: found.scales.map((_, row) => scales[Math.floor(row / rows)] ?? 1) }).source.read().slice().buffer);
  const integers = new Int8Array(elementCount(weight.dims));
  for (let direction = 0; direction < directions; direction++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) integers[(direction * columns + column) * rows + row] = plain[(direction * rows + row) * columns + column] ?? 0;
  return {
    integers: tensorFromArray(names.fresh(`${weight.name}_int8`), 'int8', [directions, columns, rows], integers),
    scale: tensorFromArray(names.fresh(`${weight.name}_scale`), 'float32', [directions], scales),
    zeroPoint: tensorFromArray(names.fresh(`${weight.name}_zero_point`), 'int8', [directions], new Int8Array(directions)),
  };
}

/** The largest scale among a direction's rows; rows of zeros have a scale that says nothing. */
function directionScales(flat: Tensor, scales: Float32Array, directions: number): Float32Array {
  const values = toFloat32Array(flat);
  const columns = flat.dims[1] ?? 1;
  const rows = scales.length / directions;
  const largest = new Float32Array(directions);
  scales.forEach((scale, row) => {
    const direction = Math.floor(row / rows);
    if (values.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0)) largest[direction] = Math.max(largest[direction] ?? 0, scale);
  });
  return largest.map((scale) => (scale > 0 ? scale : 1));
}
