// Nodes whose output is their input: taken out, the input standing in for the output.
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { intAttribute, intsAttribute, stringAttribute } from '../../../graph/traverse';
import { isFloat } from '../../../tensor/elementType';
import type { SimplifyContext, SimplifyRule } from '../context';

type Test = (node: Node, scope: GraphEditor, context: SimplifyContext) => boolean;

const input = (node: Node, index = 0): string => node.inputs[index] ?? '';

/**
 * The constant at one input is this number throughout and does not enlarge the other input (the one passed on). Zeros are
 * told apart: −0 + 0 is 0, so adding 0 to floats changes some; adding −0, or taking 0 away, does not (IEEE 754-2019, 6.3).
 */
function neutral(node: Node, scope: GraphEditor, context: SimplifyContext, constantAt: number, value: number): boolean {
  const name = input(node, constantAt);
  const dims = scope.constant(name)?.dims;
  const floats = context.numbers(scope, name);
  const numbers = floats ?? context.integers(scope, name);
  if (dims === undefined || numbers === undefined || numbers.length === 0 || context.spreads(node)) return false;
  if (!numbers.every((element) => (floats === undefined ? element === value : Object.is(element, value)))) return false;
  if (dims.length === 0) return true;
  const shape = context.shapeOf(scope, input(node, 1 - constantAt));
  if (shape === undefined || shape.length < dims.length) return false;
  return dims.every((dim, i) => dim === 1 || dim === shape[shape.length - dims.length + i]);
}

const keepsShape: Test = (node, scope, context) => context.sameShape(scope, input(node), node.outputs[0] ?? '');
const keepsType: Test = (node, scope, context) => {
  const type = context.elementTypeOf(scope, input(node));
  return type !== undefined && type === context.elementTypeOf(scope, node.outputs[0] ?? '');
};
const always: Test = () => true;

/** Reductions over axes of length 1 that keep them. */
const reducesNothing: Test = (node, scope, context) => intAttribute(node, 'keepdims', 1) === 1 && keepsShape(node, scope, context);

const pointPool: Test = (node, scope, context) =>
  intsAttribute(node, 'kernel_shape')?.every((size) => size === 1) === true &&
  (intsAttribute(node, 'strides') ?? []).every((stride) => stride === 1) &&
  (intsAttribute(node, 'pads') ?? []).every((pad) => pad === 0) &&
  ['NOTSET', 'VALID', ''].includes(stringAttribute(node, 'auto_pad') ?? '') &&
  keepsShape(node, scope, context);

interface IdentityRow {
  readonly holds: Test;
  /** Index of the input passed on. */
  readonly passes?: number;
}

/** Of floats the runtime's sums make 0 of −0, and its largest of one NaN is the lowest number. */
const isInteger: Test = (node, scope, context) => {
  const type = context.elementTypeOf(scope, input(node));
  return type !== undefined && !isFloat(type);
};

/** A row per operator (two where either input may be the neutral one): the output is the input bit for bit, −0 and NaN too. */
const rows: Readonly<Record<string, readonly IdentityRow[]>> = {
  Identity: [{ holds: always }],
  Dropout: [{ holds: (node, scope, context) => context.opset >= 7 && !isTraining(node, scope, context) }],
  Cast: [{ holds: keepsType }],
  CastLike: [{ holds: keepsType }],
  Mul: [
    { holds: (node, scope, context) => neutral(node, scope, context, 1, 1) },
    { holds: (node, scope, context) => neutral(node, scope, context, 0, 1), passes: 1 },
  ],
  Div: [{ holds: (node, scope, context) => neutral(node, scope, context, 1, 1) }],
  Add: [
    { holds: (node, scope, context) => neutral(node, scope, context, 1, -0) },
    { holds: (node, scope, context) => neutral(node, scope, context, 0, -0), passes: 1 },
  ],
  Sub: [{ holds: (node, scope, context) => neutral(node, scope, context, 1, 0) }],
  Pow: [{ holds: (node, scope, context) => neutral(node, scope, context, 1, 1) }],
  Transpose: [{ holds: (node) => intsAttribute(node, 'perm')?.every((axis, i) => axis === i) === true }],
  Reshape: [{ holds: keepsShape }],
  Flatten: [{ holds: keepsShape }],
  Squeeze: [{ holds: keepsShape }],
  Unsqueeze: [{ holds: keepsShape }],
  Expand: [{ holds: keepsShape }],
  Tile: [{ holds: (node, scope, context) => context.opset >= 6 && allAre(context.integers(scope, input(node, 1)), 1) }],
  Slice: [{ holds: (node, scope, context) => keepsShape(node, scope, context) && stepsForward(node, scope, context) }],
  Pad: [{ holds: (node, scope, context) => allAre(context.list(node, scope, 'pads', 1), 0) }],
  Concat: [{ holds: (node) => node.inputs.length === 1 }],
  Sum: [{ holds: (node) => node.inputs.length === 1 }],
  Max: [{ holds: (node) => node.inputs.length === 1 }],
  Min: [{ holds: (node) => node.inputs.length === 1 }],
  Mean: [{ holds: (node) => node.inputs.length === 1 }],
  Split: [{ holds: (node) => node.outputs.length === 1 }],
  MaxPool: [{ holds: (node, scope, context) => isInteger(node, scope, context) && pointPool(node, scope, context) }],
  ReduceSum: [{ holds: (node, scope, context) => isInteger(node, scope, context) && reducesNothing(node, scope, context) }],
  ReduceMean: [{ holds: reducesNothing }],
  ReduceMax: [{ holds: reducesNothing }],
  ReduceMin: [{ holds: reducesNothing }],
  ReduceProd: [{ holds: reducesNothing }],
};

function isTraining(node: Node, scope: GraphEditor, context: SimplifyContext): boolean {
  const mask = node.outputs[1] ?? '';
  if (mask !== '' && scope.useCount(mask) > 0) return true;
  const training = input(node, 2);
  return context.opset >= 12 && training !== '' && context.integers(scope, training)?.[0] !== 0;
}

function allAre(list: readonly number[] | 'absent' | undefined, value: number): boolean {
  return list !== undefined && list !== 'absent' && list.every((element) => element === value);
}

/** A slice that keeps the shape may still reverse an axis. */
function stepsForward(node: Node, scope: GraphEditor, context: SimplifyContext): boolean {
  return context.opset < 10 || input(node, 4) === '' || context.integers(scope, input(node, 4))?.every((step) => step > 0) === true;
}

const identity: SimplifyRule = {
  id: 'identity',
  opTypes: Object.keys(rows),
  apply(node, scope, context) {
    if (node.outputs.slice(1).some((name) => name !== '' && scope.useCount(name) > 0)) return false;
    const row = rows[node.opType]?.find(({ holds }) => holds(node, scope, context));
    if (row === undefined) return false;
    return scope.substitute(node, node.outputs[0] ?? '', input(node, row.passes ?? 0));
  },
};

/** Activations that change nothing of a value already in their range. Relu leaves −0 as it is, which Abs does not. */
const idempotent = new Map([
  ['Relu', ['Relu', 'Sigmoid', 'Softmax', 'HardSigmoid', 'Abs', 'Exp']],
  ['Abs', ['Abs', 'Sigmoid', 'Softmax', 'HardSigmoid', 'Exp']],
  ['Ceil', ['Ceil', 'Floor', 'Round']],
  ['Floor', ['Floor', 'Ceil', 'Round']],
]);

const repeated: SimplifyRule = {
  id: 'repeated-activation',
  opTypes: [...idempotent.keys()],
  apply(node, scope, context) {
    const before = scope.producer(input(node));
    const type = context.elementTypeOf(scope, input(node));
    // The lowest integer has no absolute value: Abs leaves it negative.
    if (type === undefined || !isFloat(type)) return false;
    if (before?.domain !== '' || idempotent.get(node.opType)?.includes(before.opType) !== true) return false;
    return scope.substitute(node, node.outputs[0] ?? '', input(node));
  },
};

const doubled: SimplifyRule = {
  id: 'double-inverse',
  opTypes: ['Not', 'Neg'],
  apply(node, scope) {
    const before = scope.producer(input(node));
    if (before?.domain !== '' || before.opType !== node.opType) return false;
    return scope.substitute(node, node.outputs[0] ?? '', input(before));
  },
};

export const identityRules: readonly SimplifyRule[] = [identity, repeated, doubled];
