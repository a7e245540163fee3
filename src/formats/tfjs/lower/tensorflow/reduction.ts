// TensorFlow's reductions, arg-extremes and cumulative sums.
import type { ElementType } from '../../../../tensor/elementType';
import type { NodeContext, Rule, Rules } from '../context';
import { axisIn, layoutOf, positiveAxes } from '../axes';
import { toFirst } from '../layout';

/** Writes a reduction over native axes; `keep` leaves them with size 1. Over all spatial axes of a value with channels first, a mean is a GlobalAveragePool. */
export function reduce(c: NodeContext, opType: string, axes: readonly number[], keep: boolean, prepare: (x: string) => string = (x) => x, finish: (y: string) => string = (y) => y): void {
  const rank = c.rank(0);
  const over = positiveAxes(c, axes, rank);
  const layout = layoutOf(c);
  // Without the reduced axes, what is left must stand in the native order.
  const left = toFirst(rank).filter((axis) => !over.includes(axis));
  const inOrder = left.every((axis, i) => i === 0 || (left[i - 1] ?? 0) < axis);
  if (layout === 'last' || (!keep && !inOrder)) {
    c.set(0, finish(written(c, opType, prepare(c.value(0)), over, keep)));
    return;
  }
  const x = prepare(c.first(0));
  const y = finish(written(c, opType, x, over.map((axis) => axisIn('first', axis, rank)), keep));
  c.set(0, y, keep ? 'first' : 'last');
}

const spatialAxes = '2,3';

function written(c: NodeContext, opType: string, x: string, axes: readonly number[], keep: boolean): string {
  const sorted = [...axes].sort((a, b) => a - b);
  if (sorted.length === 0) return x;
  if (opType === 'ReduceMean' && sorted.join(',') === spatialAxes && c.isFirst(0) && c.onnx.shape(x)?.length === 4) {
    const pooled = c.emit('GlobalAveragePool', [x]);
    return keep ? pooled : c.emit('Flatten', [pooled], { axis: 1 });
  }
  if (opType === 'ReduceSum') return c.emit('ReduceSum', [x, c.onnx.ints(sorted)], { keepdims: keep ? 1 : 0 });
  return c.emit(opType, [x], { axes: sorted, keepdims: keep ? 1 : 0 });
}

function axesOf(c: NodeContext): readonly number[] {
  return c.has(1) ? c.constantNumbers(1, 'which axes it reduces') : [...Array(c.rank(0)).keys()];
}

const reduction =
  (opType: string, as?: ElementType): Rule =>
  (c) => {
    const type = c.elementType(0);
    const needed = as ?? (type === 'bool' ? 'int32' : type);
    reduce(c, opType, axesOf(c), c.flag('keep_dims'), (x) => c.onnx.cast(x, needed));
  };

/** ONNX reduces no booleans: their integers' greatest is any, their least all. */
const logical =
  (opType: string): Rule =>
  (c) =>
    reduce(c, opType, axesOf(c), c.flag('keep_dims'), (x) => c.onnx.cast(x, 'int32'), (y) => c.onnx.cast(y, 'bool'));

const extreme =
  (opType: string): Rule =>
  (c) => {
    const rank = c.rank(0);
    const [axis = 0] = positiveAxes(c, [c.has(1) ? (c.constantNumbers(1, 'its axis')[0] ?? 0) : 0], rank);
    const layout = layoutOf(c);
    const left = toFirst(rank).filter((each) => each !== axis);
    const follows = layout === 'first' && left.every((each, i) => i === 0 || (left[i - 1] ?? 0) < each);
    const x = follows ? c.first(0) : c.value(0);
    c.set(0, c.onnx.cast(c.emit(opType, [c.elementType(0) === 'bool' ? c.onnx.cast(x, 'int32') : x], { axis: follows ? axisIn('first', axis, rank) : axis, keepdims: 0 }), 'int32'));
  };

function cumulativeSum(c: NodeContext): void {
  const [axis = 0] = c.constantNumbers(1, 'its axis');
  c.set(0, c.emit('CumSum', [c.value(0), c.onnx.int(axis)], { exclusive: c.flag('exclusive') ? 1 : 0, reverse: c.flag('reverse') ? 1 : 0 }));
}

export const reductionRules: Rules = {
  Mean: reduction('ReduceMean', 'float32'),
  Sum: reduction('ReduceSum'),
  Prod: reduction('ReduceProd'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  EuclideanNorm: reduction('ReduceL2', 'float32'),
  Any: logical('ReduceMax'),
  All: logical('ReduceMin'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Cumsum: cumulativeSum,
};
