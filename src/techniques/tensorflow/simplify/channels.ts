// How many channels a value has, as far as the graph itself tells: folding a constant per channel must not hide that it made channels.
import type { GraphEditor } from '../../../graph/rewrite';
import { normalizations } from './affine';
import { layerOf } from './layer';

/** Operators whose result has the last axis of their first input. */
const keeping: ReadonlySet<string> = new Set([...normalizations, 'Relu', 'Relu6', 'Elu', 'Selu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'MaxPool', 'AvgPool', 'Identity', 'ResizeBilinear', 'ResizeNearestNeighbor']);
/** Operators whose result has the longer of two last axes. */
const joining: ReadonlySet<string> = new Set(['Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'BiasAdd', 'Prelu']);

/** Steps back at most: chains longer than this are not followed. */
const mostSteps = 50;

/** Length of a value's last axis; undefined where it is not known. */
export function lastAxis(value: string, scope: GraphEditor, steps = mostSteps): number | undefined {
  const constant = scope.constant(value);
  if (constant !== undefined) return constant.dims.at(-1) ?? 1;
  const producer = scope.producer(value);
  if (producer === undefined) {
    const type = scope.graph.inputs.find(({ name }) => name === value)?.type;
    const last = type?.kind === 'tensor' ? type.shape?.at(-1) : undefined;
    return typeof last === 'number' ? last : undefined;
  }
  const layer = layerOf(producer, scope);
  if (layer !== undefined) return layer.channels;
  if (steps === 0 || producer.outputs[0] !== value) return undefined;
  if (keeping.has(producer.opType)) return lastAxis(producer.inputs[0] ?? '', scope, steps - 1);
  if (!joining.has(producer.opType) || producer.inputs.length !== 2) return undefined;
  const [a, b] = producer.inputs.map((input) => lastAxis(input, scope, steps - 1));
  // One that is longer than 1 decides; what is not known can only be 1 then, or the same.
  if ((a ?? 1) > 1) return a;
  if ((b ?? 1) > 1) return b;
  return a === undefined || b === undefined ? undefined : 1;
}
