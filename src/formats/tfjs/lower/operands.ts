// Operands that broadcast with each other, brought into one layout and one type with as few Transposes as possible.
import { elementCount } from '../../../tensor/tensor';
import type { ElementType } from '../../../tensor/elementType';
import { firstOf, type Held, type Layout, lastOf, type NodeContext, shapeOf } from './context';
import { reshaped, transposed, toFirst } from './layout';
import type { Emitter } from './emitter';

export interface Operands {
  readonly names: readonly string[];
  readonly layout: Layout;
}

/**
 * Inputs of an elementwise operator under one layout: with channels first where an operand exists only so and all others can follow
 * (scalars, constants, vectors over the channels, values of the same rank), else as TensorFlow.js has them.
 */
export function operands(c: NodeContext, inputs: readonly number[]): Operands {
  const held = inputs.map((input) => c.held(input));
  return alignedOperands(c.onnx, held);
}

/** See {@link operands}. */
export function alignedOperands(onnx: Emitter, held: readonly Held[]): Operands {
  const rank = Math.max(0, ...held.map((each) => (isFirstOnly(each) ? (shapeOf(onnx, each)?.length ?? 0) : 0)));
  if (rank >= 3) {
    const names = held.map((each) => followed(onnx, each, rank));
    if (names.every((name) => name !== undefined)) return { names, layout: 'first' };
  }
  return { names: held.map((each) => lastOf(onnx, each)), layout: 'last' };
}

const isFirstOnly = ({ last, first }: Held): boolean => last === undefined && first !== undefined;

/** An operand with channels first beside one of `rank`; undefined where that would take more than a Transpose. */
function followed(onnx: Emitter, held: Held, rank: number): string | undefined {
  const shape = shapeOf(onnx, held);
  if (shape === undefined || shape.length > rank) return undefined;
  if (shape.length === rank) return firstOf(onnx, held);
  const name = lastOf(onnx, held);
  if (shape.length === 0) return name;
  const tensor = onnx.tensor(name);
  if (tensor !== undefined) {
    if (elementCount(tensor.dims) === 1) return onnx.constant(reshaped(name, tensor, []));
    const full = [...Array.from({ length: rank - tensor.dims.length }, () => 1), ...tensor.dims];
    return onnx.constant(transposed(`${name}/channels-first`, reshaped(name, tensor, full), toFirst(rank)));
  }
  if (shape.length === 1) return onnx.emit('Unsqueeze', [name, onnx.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))]);
  return undefined;
}

const order: readonly ElementType[] = ['bool', 'int32', 'float32'];

/** Operands of one type: the widest of theirs, as TensorFlow.js upcasts (bool, int32, float32). */
export function unified(onnx: Emitter, names: readonly string[], least: ElementType = 'bool'): { readonly names: readonly string[]; readonly elementType: ElementType } {
  const widest = Math.max(order.indexOf(least), ...names.map((name) => order.indexOf(onnx.elementType(name) ?? 'float32')));
  const elementType = order[widest] ?? 'float32';
  if (names.every((name) => onnx.elementType(name) === onnx.elementType(names[0] ?? '')) && order.indexOf(onnx.elementType(names[0] ?? '') ?? 'float32') < 0) return { names, elementType: onnx.elementType(names[0] ?? '') ?? 'float32' };
  return { names: names.map((name) => onnx.cast(name, elementType)), elementType };
}
