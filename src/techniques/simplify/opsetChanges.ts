// Rewrites that versions 9 to 13 of ai.onnx ask for: attributes become inputs, axes their own meaning, rounding its name.
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/traverse';
import { tensorFromNumbers } from '../../runtime/convert';
import { toFloat64Array } from '../../tensor/decode';
import { isFloat } from '../../tensor/elementType';
import { float32Tensor, int64Tensor } from '../../tensor/tensor';
import type { OpsetChange } from './opset';

/** An ints (or int) attribute becomes the input at `position`. */
export function moveInts({ node, constant }: OpsetChange, attribute: string, position: number): void {
  const single = node.attributes.get(attribute)?.type === 'int' ? intAttribute(node, attribute) : undefined;
  const values = single === undefined ? intsAttribute(node, attribute) : [single];
  node.attributes.delete(attribute);
  if (values === undefined) return;
  while (node.inputs.length < position) node.inputs.push('');
  node.inputs[position] = constant(attribute, (name) => int64Tensor(name, [values.length], values));
}

/** A float attribute becomes the scalar input at `position`, in the type of the first input. */
function moveFloat({ node, constant, elementTypeOf, refuse }: OpsetChange, attribute: string, position: number): void {
  if (!node.attributes.has(attribute)) return;
  const value = floatAttribute(node, attribute, 0);
  const type = elementTypeOf(node.inputs[0] ?? '');
  if (type === undefined || !isFloat(type)) return refuse(`its ${attribute} becomes an input of the type of the data, which is ${type === undefined ? 'not known' : type}`);
  node.attributes.delete(attribute);
  while (node.inputs.length < position) node.inputs.push('');
  node.inputs[position] = constant(attribute, (name) => tensorFromNumbers(name, type, [], Float64Array.of(value)));
}

/** Outputs from `first` on are left out where nobody reads them. */
export function dropOutputs({ node, isRead, refuse }: OpsetChange, first: number, why: string): void {
  if (node.outputs.slice(first).some((name) => name !== '' && isRead(name))) return refuse(`${why}, which something reads`);
  node.outputs.splice(first);
}

export function dropSpatial({ node, refuse }: OpsetChange): void {
  if (intAttribute(node, 'spatial', 1) === 0) return refuse('normalising each activation (spatial = 0) has no newer form');
  node.attributes.delete('spatial');
}

export function sliceInputs(change: OpsetChange): void {
  const { node } = change;
  const starts = intsAttribute(node, 'starts') ?? [];
  node.attributes.set('axes', { type: 'ints', value: intsAttribute(node, 'axes') ?? starts.map((_, i) => i) });
  moveInts(change, 'starts', 1);
  moveInts(change, 'ends', 2);
  moveInts(change, 'axes', 3);
}

export function clipInputs(change: OpsetChange): void {
  moveFloat(change, 'min', 1);
  moveFloat(change, 'max', 2);
}

export function padInputs(change: OpsetChange): void {
  moveInts(change, 'pads', 1);
  if (floatAttribute(change.node, 'value', 0) === 0) change.node.attributes.delete('value');
  moveFloat(change, 'value', 2);
}

export function upsampleScales({ node, constant }: OpsetChange): void {
  const scales = node.attributes.get('scales');
  if (scales?.type === 'floats') node.inputs[1] = constant('scales', (name) => float32Tensor(name, [scales.value.length], scales.value));
  node.attributes.delete('scales');
}

/**
 * Resize before 11 computes source coordinates as `x / scale`; onnxruntime takes the nearest below when growing and above
 * when shrinking. Upsample only grows.
 */
export function resizeInputs(change: OpsetChange): void {
  const { node, tensorOf, refuse } = change;
  const nearest = (stringAttribute(node, 'mode') ?? 'nearest') === 'nearest';
  const tensor = tensorOf(node.inputs[1] ?? '');
  const scales = tensor === undefined ? undefined : [...toFloat64Array(tensor)];
  const shrinks = scales?.some((scale) => scale < 1) === true;
  if (nearest && (scales === undefined || (shrinks && scales.some((scale) => scale > 1)))) return refuse('before that it rounds by its scales, which are not constant, or shrink one axis and grow another');
  asymmetric(change, shrinks ? 'ceil' : 'floor');
}

export function asymmetric({ node, constant }: OpsetChange, nearestMode: 'floor' | 'ceil'): void {
  const [data = '', scales = ''] = node.inputs;
  node.inputs = [data, constant('roi', (name) => float32Tensor(name, [0], [])), scales];
  node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'asymmetric' });
  node.attributes.set('nearest_mode', { type: 'string', value: nearestMode });
}

/**
 * `tf_half_pixel_for_nn`, (x + 0.5) / scale, is gone from 13 on. Rounded down it is half_pixel, (x + 0.5) / scale − 0.5, rounded to
 * the nearest with halves up.
 */
export function resizeCoordinates({ node, refuse }: OpsetChange): void {
  if (stringAttribute(node, 'coordinate_transformation_mode') !== 'tf_half_pixel_for_nn') return;
  if ((stringAttribute(node, 'mode') ?? 'nearest') !== 'nearest' || stringAttribute(node, 'nearest_mode') !== 'floor') return refuse('its coordinates are tf_half_pixel_for_nn, which is gone, and are not rounded down');
  node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'half_pixel' });
  node.attributes.set('nearest_mode', { type: 'string', value: 'round_prefer_ceil' });
}

/** Before 13 the axis split the tensor in two: the same as from 13 on on the last axis, elsewhere with a Flatten before and a Reshape after. */
export function flattenSoftmax({ node, to, shapeOf, add, refuse }: OpsetChange): void {
  const [data = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const rank = shapeOf(data)?.length;
  const axis = intAttribute(node, 'axis', 1);
  if (axis !== -1 && rank === undefined) return refuse(`it now normalises one axis, not all from ${axis} on; of the data not even the rank is known`);
  node.attributes.set('axis', { type: 'int', value: -1 });
  if (axis === -1 || axis === (rank ?? 0) - 1) return;
  const shape = add('before', 'shape', { opType: 'Shape', inputs: [data] });
  const flat = add('before', 'flat', { opType: 'Flatten', inputs: [data], attributes: new Map([['axis', { type: 'int', value: axis }]]) });
  const unflat = add('after', 'unflat', { opType: 'Reshape', inputs: ['', ...shape.outputs], attributes: new Map(to < 14 ? [] : [['allowzero', { type: 'int', value: 1 }]]) });
  node.inputs = [...flat.outputs];
  node.outputs = [...unflat.outputs];
  unflat.inputs[0] = unflat.outputs[0] ?? '';
  unflat.outputs = [output];
}
