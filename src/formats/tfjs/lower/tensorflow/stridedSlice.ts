// TensorFlow's StridedSlice with all five masks. Source: TensorFlow, tf.strided_slice.
import type { NodeContext } from '../context';

/** A bound beyond any axis, towards either end. */
const beyond = 2 ** 31 - 1;

/** What the sparse specification says of one axis of the value. */
type Entry = { readonly kind: 'new' } | { readonly kind: 'whole' } | { readonly kind: 'shrink'; readonly spec: number } | { readonly kind: 'range'; readonly spec: number };

const bit = (mask: number, index: number): boolean => Math.floor(mask / 2 ** index) % 2 === 1;

/** The specification's entries spread over the value's axes. */
function entries(c: NodeContext, count: number, rank: number): Entry[] {
  const [ellipsis, added, shrunk] = [c.int('ellipsis_mask', 0), c.int('new_axis_mask', 0), c.int('shrink_axis_mask', 0)];
  const result: Entry[] = [];
  const plain = [...Array(count).keys()].filter((i) => !bit(ellipsis, i) && !bit(added, i)).length;
  for (let spec = 0; spec < count; spec++) {
    if (bit(ellipsis, spec)) for (let i = plain; i < rank; i++) result.push({ kind: 'whole' });
    else if (bit(added, spec)) result.push({ kind: 'new' });
    else result.push(bit(shrunk, spec) ? { kind: 'shrink', spec } : { kind: 'range', spec });
  }
  return result;
}

/** A Slice of the ranges, then a Gather for each axis that an index takes away, then the new axes. */
export function stridedSlice(c: NodeContext): void {
  const count = specLength(c);
  const all = entries(c, count, c.rank(0));
  const axes = all.filter(({ kind }) => kind !== 'new');
  const strides = c.has(3) ? c.constantNumbers(3, 'its strides') : [];
  let value = ranges(c, axes, strides);
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const entry = axes[axis];
    if (entry?.kind === 'shrink') value = c.emit('Gather', [value, boundAt(c, 1, entry.spec)], { axis });
  }
  const added = all.filter(({ kind }) => kind !== 'shrink').flatMap(({ kind }, axis) => (kind === 'new' ? [axis] : []));
  c.set(0, added.length === 0 ? value : c.emit('Unsqueeze', [value, c.onnx.ints(added)]));
}

function specLength(c: NodeContext): number {
  const length = c.shape(1)?.[0];
  return typeof length === 'number' ? length : c.refuse('the length of its bounds is unknown');
}

/** One entry of a vector of bounds as an int64 scalar. */
function boundAt(c: NodeContext, input: number, index: number): string {
  const known = c.values(input)?.[index];
  if (typeof known === 'number') return c.onnx.int(known);
  return c.onnx.cast(c.emit('Gather', [c.value(input), c.onnx.int(index)], { axis: 0 }), 'int64');
}

function ranges(c: NodeContext, axes: readonly Entry[], strides: readonly number[]): string {
  const [noBegin, noEnd] = [c.int('begin_mask', 0), c.int('end_mask', 0)];
  const taken: { readonly axis: number; readonly start: string; readonly end: string; readonly step: number }[] = [];
  for (const [axis, entry] of axes.entries()) {
    if (entry.kind !== 'range') continue;
    const step = strides[entry.spec] ?? 1;
    const [openStart, openEnd] = [bit(noBegin, entry.spec), bit(noEnd, entry.spec)];
    if (openStart && openEnd && step === 1) continue;
    const start = openStart ? c.onnx.int(step > 0 ? 0 : beyond) : boundAt(c, 1, entry.spec);
    const end = openEnd ? c.onnx.int(step > 0 ? beyond : -beyond) : boundAt(c, 2, entry.spec);
    taken.push({ axis, start, end, step });
  }
  if (taken.length === 0) return c.value(0);
  const vector = (scalars: readonly string[]): string => c.emit('Concat', scalars.map((scalar) => c.emit('Unsqueeze', [scalar, c.onnx.ints([0])])), { axis: 0 });
  const inputs = [c.value(0), vector(taken.map(({ start }) => start)), vector(taken.map(({ end }) => end)), c.onnx.ints(taken.map(({ axis }) => axis))];
  return c.emit('Slice', taken.every(({ step }) => step === 1) ? inputs : [...inputs, c.onnx.ints(taken.map(({ step }) => step))]);
}
