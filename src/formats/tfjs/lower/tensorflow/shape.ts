// TensorFlow's operators about shapes, and values made from a shape.
import type { NodeContext, Rule, Rules } from '../context';
import { asInt64, layoutOf, perAxis, positiveAxes, reshapeTarget, shapeValue } from '../axes';
import { runtimeType } from './elementwise';

const alias: Rule = (c) => c.setHeld(0, c.held(0));

/** With one channel or no spatial extent, both layouts hold the same elements in the same order. */
function flatInput(c: NodeContext): string {
  const shape = c.isFirst(0) ? c.shape(0) : undefined;
  const same = shape !== undefined && (shape.at(-1) === 1 || shape.slice(1, -1).every((dimension) => dimension === 1));
  return same ? c.first(0) : c.value(0);
}

function reshape(c: NodeContext): void {
  c.set(0, c.emit('Reshape', [flatInput(c), reshapeTarget(c, 1)]));
}

function squeeze(c: NodeContext): void {
  const given = c.ints('squeeze_dims') ?? c.ints('axis') ?? [];
  const shape = c.shape(0);
  if (given.length === 0 && shape?.some((dimension) => typeof dimension !== 'number') !== false) c.refuse('which axes have size 1 is not known');
  const axes = given.length > 0 ? positiveAxes(c, given, c.rank(0)) : [...(shape ?? []).entries()].filter(([, dimension]) => dimension === 1).map(([axis]) => axis);
  const spatial = [...Array(Math.max(0, c.rank(0) - 2)).keys()].map((i) => i + 1);
  const layout = c.isFirst(0) && axes.length > 0 && spatial.every((axis) => axes.includes(axis)) ? 'first' : 'last';
  const x = c.in(0, layout);
  const rank = c.rank(0);
  if (axes.length === 0) c.set(0, x, layout);
  else c.set(0, c.emit('Squeeze', [x, c.onnx.ints(layout === 'last' ? axes : axes.map((axis) => (axis === 0 ? 0 : axis === rank - 1 ? 1 : axis + 1)))]));
}

function expandDims(c: NodeContext): void {
  const [axis = 0] = c.constantNumbers(1, 'its axis');
  c.set(0, c.emit('Unsqueeze', [c.value(0), c.onnx.ints([axis < 0 ? axis + c.rank(0) + 1 : axis])]));
}

const shapes = (c: NodeContext): void => [...c.node.inputs.keys()].forEach((input) => c.set(input, c.onnx.cast(shapeValue(c, input), 'int32')));

/** A value repeated to a shape. */
function fill(c: NodeContext): void {
  c.set(0, c.emit('Expand', [c.value(1), asInt64(c, 0)]));
}

const filledLike =
  (value: number): Rule =>
  (c) => {
    const layout = layoutOf(c);
    const type = c.elementType(0);
    c.set(0, c.emit('Expand', [c.onnx.scalar(value, type), c.emit('Shape', [c.in(0, layout)])]), layout);
  };
const filled =
  (value: number): Rule =>
  (c) =>
    c.set(0, c.emit('Expand', [c.onnx.scalar(value, runtimeType(c.text('dtype') ?? 'DT_FLOAT') ?? 'float32'), asInt64(c, 0)]));

function range(c: NodeContext): void {
  const type = runtimeType(c.text('Tidx') ?? c.text('dtype') ?? 'DT_INT32') ?? 'int32';
  const scalars = [0, 1, 2].map((input) => {
    const value = c.onnx.cast(c.value(input), type);
    return c.onnx.shape(value)?.length === 0 ? value : c.emit('Squeeze', [value]);
  });
  c.set(0, c.emit('Range', scalars));
}

function tile(c: NodeContext): void {
  const layout = layoutOf(c);
  const repeats = c.numbers(1);
  if (repeats === undefined) c.set(0, c.emit('Tile', [c.value(0), asInt64(c, 1)]));
  else c.set(0, c.emit('Tile', [c.in(0, layout), c.onnx.ints(perAxis(layout, repeats))]), layout);
}

/** Indices below 0 are no class in TensorFlow, counted from the end in ONNX; one at the depth is none in either. */
function classIndices(c: NodeContext, depth: number): string {
  const indices = c.onnx.cast(c.value(0), 'int64');
  if (c.numbers(0)?.every((index) => index >= 0) === true) return indices;
  return c.emit('Where', [c.emit('Less', [indices, c.onnx.int(0)]), c.onnx.int(depth), indices]);
}

function oneHot(c: NodeContext): void {
  const [depth = 0] = c.constantNumbers(1, 'its depth');
  const values = c.emit('Concat', [3, 2].map((input) => c.emit('Reshape', [c.value(input), c.onnx.ints([1])])), { axis: 0 });
  c.set(0, c.emit('OneHot', [classIndices(c, depth), c.onnx.int(depth), values], { axis: c.int('axis', -1) }));
}

export const shapeRules: Rules = {
  Identity: alias,
  StopGradient: alias,
  PreventGradient: alias,
  Snapshot: alias,
  Print: alias,
  EnsureShape: alias,
  PlaceholderWithDefault: alias,
  CheckNumerics: alias,
  /** TensorFlow.js lets the value through as it is. */
  FakeQuantWithMinMaxVars: alias,
  IdentityN: (c) => [...c.node.inputs.keys()].forEach((input) => c.setHeld(input, c.held(input))),
  NoOp: () => undefined,
  Reshape: reshape,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Shape: shapes,
  ShapeN: shapes,
  Size: (c) => c.set(0, c.onnx.cast(c.emit('ReduceProd', [shapeValue(c, 0)], { axes: [0], keepdims: 0 }), 'int32')),
  Rank: (c) => c.set(0, c.onnx.scalar(c.rank(0), 'int32')),
  Fill: fill,
  Zeros: filled(0),
  Ones: filled(1),
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  Range: range,
  Tile: tile,
  BroadcastTo: (c) => c.set(0, c.emit('Expand', [c.value(0), asInt64(c, 1)])),
  OneHot: oneHot,
};
