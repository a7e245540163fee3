// Elementwise arithmetic of one or more tensors with broadcasting: unary functions, activations, binary operators, comparisons.
import { broadcastShapes, elementsOf, flopsPerElement, likeInput, perElement, tensorOf } from '../shapes';
import { multiplyDimensions } from '../../graph/dimension';
import type { Node, ValueType } from '../../graph/model';
import { intAttribute } from '../../graph/traverse';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { OperatorRow, OperatorTraits } from '../row';
import { binaryValues, unaryValues } from '../arithmetic';
import type { BinaryRule, UnaryRule } from '../arithmetic';
import * as rules from '../arithmetic';

/**
 * Operations per element. Convention: each addition, multiplication, division, comparison and elementary function
 * (exp, tanh, erf, sqrt …) is one operation; composed functions count their parts.
 */
const activations: readonly (readonly [string, number, UnaryRule?])[] = [
  ['Relu', 1, rules.relu],
  ['LeakyRelu', 2],
  ['ThresholdedRelu', 1],
  ['Sigmoid', 3],
  ['HardSigmoid', 4],
  ['HardSwish', 5],
  ['Tanh', 1],
  ['Elu', 3],
  ['Selu', 4],
  ['Celu', 4],
  ['Gelu', 5],
  ['Mish', 4],
  ['Swish', 4],
  ['Softplus', 2],
  ['Softsign', 3],
  ['Shrink', 2],
];

const unary: readonly (readonly [string, UnaryRule?])[] = [
  ['Abs', rules.abs],
  ['Neg', rules.neg],
  ['Floor', rules.floor],
  ['Ceil', rules.ceil],
  ['Round', rules.round],
  ['Sign', rules.sign],
  ['Not', rules.not],
  ['BitwiseNot'],
  ['Sqrt'],
  ['Reciprocal'],
  ['Exp'],
  ['Log'],
  ['Erf'],
  ['Sin'],
  ['Cos'],
  ['Tan'],
  ['Asin'],
  ['Acos'],
  ['Atan'],
  ['Sinh'],
  ['Cosh'],
  ['Asinh'],
  ['Acosh'],
  ['Atanh'],
];

const oneInput: OperatorTraits = { elementwise: true, inPlace: true };

function activationRow([opType, operations, rule]: readonly [string, number, UnaryRule?]): OperatorRow {
  return row(opType, {
    inputs: 'X',
    outputs: 'Y',
    infer: likeInput,
    cost: perElement(operations),
    ...(rule === undefined ? {} : { values: (context: OperatorContext) => [unaryValues(context, rule)] }),
    traits: { ...oneInput, activation: true },
  });
}

function unaryRow([opType, rule]: readonly [string, UnaryRule?]): OperatorRow {
  return row(opType, {
    inputs: 'X',
    outputs: 'Y',
    infer: likeInput,
    cost: perElement(1),
    ...(rule === undefined ? {} : { values: (context: OperatorContext) => [unaryValues(context, rule)] }),
    traits: { ...oneInput, ...(['Abs', 'Neg', 'Sqrt', 'Erf', 'Exp', 'Round', 'Floor', 'Ceil'].includes(opType) ? { activation: true } : {}) },
  });
}

/** Before opset 7 the second operand is spread over the first along `axis`, so the first decides the shape. */
function joinedShape(context: OperatorContext): ReturnType<typeof broadcastShapes> {
  if (context.opset < 7 && context.node.domain === '') return context.shape(0);
  return broadcastShapes(
    context,
    context.node.inputs.map((_, i) => context.shape(i)),
  );
}

const firstKnownType = (context: OperatorContext): ReturnType<OperatorContext['elementType']> => context.elementType(0) ?? context.elementType(1);

const sameType = (context: OperatorContext): readonly (ValueType | undefined)[] => [tensorOf(firstKnownType(context), joinedShape(context))];
const boolType = (context: OperatorContext): readonly (ValueType | undefined)[] => [tensorOf('bool', joinedShape(context))];

const learnedOperands = [
  { input: 0, role: 'operand' },
  { input: 1, role: 'operand' },
] as const;

const binary: readonly (readonly [string, BinaryRule?])[] = [
  ['Add', rules.add],
  ['Sub', rules.subtract],
  ['Mul', rules.multiply],
  ['Div', rules.divide],
  ['Mod', rules.modulo],
  ['Pow', rules.power],
  ['BitShift'],
  ['BitwiseAnd'],
  ['BitwiseOr'],
  ['BitwiseXor'],
];

const comparisons: readonly (readonly [string, BinaryRule?])[] = [
  ['Equal', rules.equal],
  ['Greater', rules.greater],
  ['GreaterOrEqual', rules.greaterOrEqual],
  ['Less', rules.less],
  ['LessOrEqual', rules.lessOrEqual],
  ['And', rules.and],
  ['Or', rules.or],
  ['Xor', rules.xor],
];

function binaryRow([opType, rule]: readonly [string, BinaryRule?], infer: OperatorRow['infer']): OperatorRow {
  const learns = opType === 'Add' || opType === 'Sub' || opType === 'Mul' || opType === 'Div';
  return row(opType, {
    inputs: 'A B',
    outputs: 'C',
    infer,
    cost: counted('1 per output element', (context) => flopsPerElement(joinedShape(context), 1)),
    ...(rule === undefined ? {} : { values: (context: OperatorContext) => [binaryValues(context, rule)] }),
    ...(learns ? { weights: learnedOperands } : {}),
    traits: { elementwise: true, inPlace: infer === sameType },
  });
}

const variadic = (opType: string, rule?: BinaryRule): OperatorRow =>
  row(opType, {
    inputs: 'data*',
    outputs: 'result',
    infer: sameType,
    cost: counted(`1 per output element and input beyond the first${opType === 'Mean' ? ', 1 to divide' : ''}`, (context) => flopsPerElement(joinedShape(context), Math.max(1, context.inputCount - (opType === 'Mean' ? 0 : 1)))),
    ...(rule === undefined ? {} : { values: (context: OperatorContext) => [binaryValues(context, rule)] }),
    traits: { elementwise: true, inPlace: true },
  });

export const elementwiseRows: readonly OperatorRow[] = [
  ...activations.map(activationRow),
  ...unary.map(unaryRow),
  ...binary.map((entry) => binaryRow(entry, sameType)),
  ...comparisons.map((entry) => binaryRow(entry, boolType)),
  variadic('Max', rules.maximum),
  variadic('Min', rules.minimum),
  variadic('Sum', rules.add),
  variadic('Mean'),
  row('IsNaN', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('bool', context.shape(0))], cost: perElement(1), traits: { elementwise: true } }),
  row('IsInf', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf('bool', context.shape(0))], cost: perElement(1), traits: { elementwise: true } }),
  row('Clip', { inputs: 'input min? max?', outputs: 'output', infer: likeInput, cost: perElement(2), values: (context) => [rules.clipValues(context)], traits: { ...oneInput, activation: true } }),
  row('PRelu', { inputs: 'X slope', outputs: 'Y', infer: likeInput, cost: perElement(2), weights: [{ input: 1, role: 'scale', outputAxis: 0 }], traits: oneInput }),
  row('Where', {
    inputs: 'condition X Y',
    outputs: 'output',
    infer: (context) => [tensorOf(context.elementType(1) ?? context.elementType(2), joinedShape(context))],
    cost: counted('1 per output element', (context) => flopsPerElement(joinedShape(context), 1)),
    values: (context) => [rules.whereValues(context)],
    weights: [
      { input: 1, role: 'operand' },
      { input: 2, role: 'operand' },
    ],
    traits: { elementwise: true },
  }),
  row('Cast', { inputs: 'input', outputs: 'output', infer: castType, values: (context, outputs) => [rules.castValues(context, outputs[0])], traits: { elementwise: true } }),
  row('CastLike', {
    inputs: 'input target_type',
    outputs: 'output',
    infer: (context) => [tensorOf(context.elementType(1), context.shape(0))],
    values: (context, outputs) => [rules.castValues(context, outputs[0])],
    traits: { elementwise: true },
  }),
  row('BitCast', { inputs: 'input', outputs: 'output', infer: castType, traits: { elementwise: true } }),
  row('CumSum', { inputs: 'x axis', outputs: 'y', infer: likeInput, cost: perElement(1) }),
  row('CumProd', { inputs: 'x axis', outputs: 'y', infer: likeInput, cost: perElement(1) }),
  dropout(1, (node) => intAttribute(node, 'is_test', 0) !== 1),
  dropout(7, (node) => (node.inputs[2] ?? '') !== ''),
  row('Det', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), context.shape(0)?.slice(0, -2))], cost: counted('2n³ / 3 per matrix (LU decomposition)', determinantCost) }),
];

/** Dropout draws at random when it trains: until opset 6 unless `is_test` says otherwise, from 12 on where an input may say so. */
function dropout(since: number, mayTrain: (node: Node) => boolean): OperatorRow {
  return row('Dropout', {
    since,
    inputs: 'data ratio? training_mode?',
    outputs: 'output mask?',
    infer: (context) => [context.type(0), tensorOf(context.opset < 10 ? context.elementType(0) : 'bool', context.shape(0))],
    traits: { view: true, inPlace: true, deterministic: (node) => !mayTrain(node) },
  });
}

/** LU decomposition: 2n³/3 operations for each n × n matrix (Golub, Van Loan, Matrix Computations, 3.2). */
function determinantCost(context: OperatorContext): { macs: 0; flops: ReturnType<typeof elementsOf> } {
  const size = context.shape(0)?.at(-1);
  return { macs: 0, flops: typeof size === 'number' ? multiplyDimensions(elementsOf(context.shape(0)), Math.ceil((2 * size) / 3)) : undefined };
}

function castType(context: OperatorContext): readonly (ValueType | undefined)[] {
  const to = context.node.attributes.get('to');
  if (to?.type === 'string') return [tensorOf(rules.elementTypeNamed(to.value), context.shape(0))];
  return [tensorOf(rules.elementTypeOf(context.int('to')), context.shape(0))];
}
