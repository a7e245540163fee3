// Axes and shapes that native nodes give as inputs or attributes, in the form ONNX takes them.
import type { Dimension } from '../../../graph/dimension';
import { type Layout, type NodeContext, shapeOf } from './context';
import { perAxisFirst, toFirst } from './layout';

/** Axes counted from the start. @throws NotLowered for an axis outside the rank */
export function positiveAxes(c: NodeContext, axes: readonly number[], rank: number): number[] {
  return axes.map((axis) => {
    const from = axis < 0 ? axis + rank : axis;
    return from >= 0 && from < rank ? from : c.refuse(`axis ${axis} is outside rank ${rank}`);
  });
}

/** Where an axis of the native value stands in a layout. */
export function axisIn(layout: Layout, axis: number, rank: number): number {
  return layout === 'last' || rank < 3 ? axis : toFirst(rank).indexOf(axis);
}

/** Entries per native axis in the order of a layout. */
export function perAxis<T>(layout: Layout, entries: readonly T[]): readonly T[] {
  return layout === 'last' || entries.length < 3 ? entries : perAxisFirst(entries);
}

/** The layout an input is kept in where the operator does not mind. */
export function layoutOf(c: NodeContext, input = 0): Layout {
  return c.isFirst(input) ? 'first' : 'last';
}

/**
 * A shape that an int32 input holds, as the int64 that ONNX wants: constant where it is known; where one dimension is not, that one is −1.
 * Only for Reshape, where −1 means "what is left".
 */
export function reshapeTarget(c: NodeContext, input: number): string {
  const values = c.values(input);
  const target = values === undefined ? undefined : openOnce(values);
  return target === undefined ? c.onnx.cast(c.value(input), 'int64') : c.onnx.ints(target);
}

function openOnce(values: readonly Dimension[]): number[] | undefined {
  const open = values.filter((value) => typeof value !== 'number');
  if (open.length > 1 || (open.length === 1 && values.some((value) => value === -1 || value === 0))) return undefined;
  return values.map((value) => (typeof value === 'number' ? value : -1));
}

/** A 1-D int64 value from an int32 input of any use. */
export function asInt64(c: NodeContext, input: number): string {
  return c.onnx.cast(c.value(input), 'int64');
}

/** The native shape of an input as a 1-D int64 value, without a Transpose. */
export function shapeValue(c: NodeContext, input: number): string {
  const held = c.held(input);
  if (held.last !== undefined) return c.emit('Shape', [held.last]);
  const shape = shapeOf(c.onnx, held);
  if (shape === undefined) return c.refuse('the rank of its input is unknown');
  if (shape.every((dimension) => typeof dimension === 'number')) return c.onnx.ints(shape);
  const first = c.emit('Shape', [c.first(input)]);
  const rank = shape.length;
  return rank < 3 ? first : c.emit('Gather', [first, c.onnx.ints([0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1])], { axis: 0 });
}
