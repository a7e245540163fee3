// Quantising, dequantising, and the runtime's arithmetic on quantised tensors.
import { floorDivide, multiplyDimensions } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { ElementType } from '../../tensor/elementType';
import { elementTypeOf } from '../arithmetic';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { OperatorRow, WeightInput } from '../row';
import { addShape, broadcastShapes, elementsOf, flopsPerElement, likeInput, perElement, tensorOf } from '../shapes';
import { pools, poolShape } from './convolution';

type Types = readonly (ValueType | undefined)[];

const stored = (...inputs: readonly number[]): WeightInput[] => inputs.map((input) => ({ input, role: 'quantization' }));

/** The type of the zero point, else `output_dtype`, else uint8. */
function quantizeType(context: OperatorContext): ElementType {
  return context.elementType(2) ?? elementTypeOf(context.int('output_dtype', 0)) ?? 'uint8';
}

function dequantizeType(context: OperatorContext): ElementType | undefined {
  return elementTypeOf(context.int('output_dtype', 0)) ?? context.elementType(1);
}

const domains = ['', 'com.microsoft'] as const;

const dequantizeTypes = (context: OperatorContext): Types => [tensorOf(dequantizeType(context), context.shape(0))];
const quantizeTypes = (context: OperatorContext): Types => [tensorOf(quantizeType(context), context.shape(0))];

/** Scale and zero point of the result at `zero`, shape broadcast from inputs `a` and `b`. */
function quantisedBinary(opType: string): OperatorRow {
  return row(opType, {
    domain: 'com.microsoft',
    inputs: 'A A_scale A_zero_point B B_scale B_zero_point C_scale C_zero_point?',
    outputs: 'C',
    infer: (context) => [tensorOf(context.elementType(0), broadcastShapes(context, [context.shape(0), context.shape(3)]))],
    cost: counted('1 per output element', (context) => flopsPerElement(broadcastShapes(context, [context.shape(0), context.shape(3)]), 1)),
    weights: [{ input: 0, role: 'operand' }, { input: 3, role: 'operand' }, ...stored(1, 2, 4, 5, 6, 7)],
    traits: { elementwise: true },
  });
}

function quantisedUnary(opType: string, operations: number): OperatorRow {
  return row(opType, {
    domain: 'com.microsoft',
    inputs: 'X X_scale X_zero_point? Y_scale Y_zero_point?',
    outputs: 'Y',
    infer: likeInput,
    cost: perElement(operations),
    weights: stored(1, 2, 3, 4),
    traits: { elementwise: true, activation: true },
  });
}

function globalPool(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  const last = context.int('channels_last', 0) === 1;
  return shape?.map((dimension, axis) => (axis === 0 || axis === (last ? shape.length - 1 : 1) ? dimension : 1));
}

/** Inputs of QLinearConcat: scale and zero point of the result, then (tensor, scale, zero point) for each part. */
function quantisedConcat(context: OperatorContext): Types {
  const parts: (Shape | undefined)[] = [];
  for (let i = 2; i < context.inputCount; i += 3) parts.push(context.shape(i));
  const [first] = parts;
  if (first === undefined) return [tensorOf(context.elementType(1))];
  const axis = context.axis(context.int('axis', 1), first.length);
  return [tensorOf(context.elementType(1), addShape(parts, axis))];
}

export const quantisationRows: readonly OperatorRow[] = [
  ...domains.flatMap((domain) => [
    row('QuantizeLinear', { domain, inputs: 'x y_scale y_zero_point?', outputs: 'y', infer: quantizeTypes, cost: perElement(4), weights: stored(1, 2), traits: { elementwise: true } }),
    row('DequantizeLinear', {
      domain,
      inputs: 'x x_scale x_zero_point?',
      outputs: 'y',
      infer: dequantizeTypes,
      cost: perElement(2),
      weights: [{ input: 0, role: 'weight' }, ...stored(1, 2)],
      traits: { elementwise: true },
    }),
  ]),
  row('DynamicQuantizeLinear', {
    inputs: 'x',
    outputs: 'y y_scale y_zero_point',
    infer: (context) => [tensorOf('uint8', context.shape(0)), tensorOf('float32', []), tensorOf('uint8', [])],
    // Least and largest element, then as QuantizeLinear.
    cost: perElement(6),
  }),
  quantisedBinary('QLinearAdd'),
  quantisedBinary('QLinearMul'),
  quantisedUnary('QLinearSigmoid', 3),
  quantisedUnary('QLinearLeakyRelu', 2),
  quantisedUnary('QLinearSoftmax', 5),
  row('QLinearAveragePool', {
    domain: 'com.microsoft',
    inputs: 'X x_scale x_zero_point? y_scale y_zero_point?',
    outputs: 'Y',
    infer: (context) => [tensorOf(context.elementType(0), poolShape(context))],
    cost: pools(),
    weights: stored(1, 2, 3, 4),
  }),
  row('QLinearGlobalAveragePool', {
    domain: 'com.microsoft',
    inputs: 'X x_scale x_zero_point y_scale y_zero_point',
    outputs: 'Y',
    infer: (context) => [tensorOf(context.elementType(0), globalPool(context))],
    cost: perElement(1),
    weights: stored(1, 2, 3, 4),
  }),
  row('QLinearReduceMean', { domain: 'com.microsoft', inputs: 'data data_scale data_zero_point? reduced_scale reduced_zero_point?', outputs: 'reduced', infer: (context) => [tensorOf(context.elementType(0))], cost: perElement(1), weights: stored(1, 2, 3, 4) }),
  row('QLinearConcat', { domain: 'com.microsoft', inputs: 'Y_scale Y_zero_point inputs*', outputs: 'Y', infer: quantisedConcat, weights: stored(0, 1) }),
  row('QLinearWhere', {
    domain: 'com.microsoft',
    inputs: 'condition X x_scale x_zero_point Y y_scale y_zero_point z_scale z_zero_point',
    outputs: 'Z',
    infer: (context) => [tensorOf(context.elementType(1), broadcastShapes(context, [context.shape(0), context.shape(1), context.shape(4)]))],
    weights: stored(2, 3, 5, 6, 7, 8),
    traits: { elementwise: true },
  }),
  /** Rows of a table packed in 4 or 8 bits along its last axis: [V, D · bits / 8] by uint8, or [V, D] by int4. */
  row('GatherBlockQuantized', {
    domain: 'com.microsoft',
    inputs: 'data indices scales zero_points?',
    outputs: 'output',
    infer: (context) => {
      const table = context.shape(0);
      const indices = context.shape(1);
      const packed = context.elementType(0) === 'uint8' ? floorDivide(8, context.int('bits', 4)) : 1;
      if (table === undefined || indices === undefined) return [tensorOf(context.elementType(2))];
      const axis = context.axis(context.int('gather_axis', 0), table.length);
      const unpacked = table.map((dimension, at) => (at === table.length - 1 ? multiplyDimensions(dimension, packed) : dimension));
      return [tensorOf(context.elementType(2), [...unpacked.slice(0, axis), ...indices, ...unpacked.slice(axis + 1)])];
    },
    weights: [{ input: 0, role: 'table', inputAxis: 0, outputAxis: 1, elements: (context) => multiplyDimensions(elementsOf(context.shape(0)), context.elementType(0) === 'uint8' ? floorDivide(8, context.int('bits', 4)) : 1) }, ...stored(2, 3)],
  }),
];
