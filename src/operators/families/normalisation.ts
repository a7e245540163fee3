// Normalisations, softmax and reductions.
import { productOf } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import { type ElementType, elementKind } from '../../tensor/elementType';
import { fit } from '../arithmetic';
import * as rules from '../arithmetic';
import type { BinaryRule } from '../arithmetic';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { OperatorRow, Values, WeightInput } from '../row';
import { elementsOf, flopsPerElement, likeInput, normalAxes, perElement, reduced, tensorOf, unknownShape } from '../shapes';

type Types = readonly (ValueType | undefined)[];

const scaleAndBias: readonly WeightInput[] = [
  { input: 1, role: 'scale', outputAxis: 0 },
  { input: 2, role: 'bias', outputAxis: 0 },
];

/** Running mean and variance are stored but not learned: they are no parameters. */
const batchNormalization: readonly WeightInput[] = [...scaleAndBias, { input: 3, role: 'statistics' }, { input: 4, role: 'statistics' }];

/** A statistic of each normalised row: the input's shape with the axes from `axis` on reduced to 1. */
function rowStatistics(context: OperatorContext): ValueType | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const axis = context.axis(context.int('axis', -1), shape.length);
  return tensorOf('float32', shape.map((dimension, at) => (at < axis ? dimension : 1)));
}

function batchNormTypes(context: OperatorContext): Types {
  const channels = [context.shape(0)?.[1] ?? context.shape(1)?.[0]];
  const statistics = tensorOf(context.elementType(3) ?? context.elementType(0), channels);
  return [context.type(0), statistics, statistics, statistics, statistics];
}

/** Operations per element. LayerNormalization: mean 1, centre 1, square 1, sum 1, scale 1; weight 1, bias 1, and the root shared by a row. */
const layerNormOperations = 7;

function reducedAxes(context: OperatorContext, rank: number, attributeUntil: number): readonly number[] | undefined {
  const given = context.opset < attributeUntil ? context.ints('axes') : context.has(1) ? context.numbers(1) : context.ints('axes');
  if (given === undefined && context.has(1) && context.opset >= attributeUntil) return undefined;
  if (given === undefined || given.length === 0) return context.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
  return normalAxes(context, given, rank);
}

function reduceShape(context: OperatorContext, attributeUntil: number): Shape | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const keep = context.int('keepdims', 1) === 1;
  const axes = reducedAxes(context, shape.length, attributeUntil);
  if (axes !== undefined) return reduced(shape, axes, keep);
  if (keep) return unknownShape(shape.length);
  const count = context.shape(1)?.[0];
  return typeof count === 'number' ? unknownShape(Math.max(0, shape.length - count)) : undefined;
}

/** Reductions to a single element, which is what shape arithmetic does (the product of a shape, say). */
function reduceValues(context: OperatorContext, rule: BinaryRule, attributeUntil: number): Values | undefined {
  const type = context.elementType(0);
  const values = context.values(0);
  const rank = context.rank(0);
  if (values === undefined || type === undefined || rank === undefined || values.length === 0) return undefined;
  if (elementKind(type) === 'float' || reducedAxes(context, rank, attributeUntil)?.length !== rank) return undefined;
  const total = values.slice(1).reduce<Dimension>((left, right) => (left === undefined || right === undefined ? undefined : fit(rule(left, right, false), type)), values[0]);
  return [total];
}

function reduction(opType: string, attributeUntil: number, operations: number, rule?: BinaryRule): OperatorRow {
  return row(opType, {
    inputs: 'data axes?',
    outputs: 'reduced',
    infer: (context) => [tensorOf(context.elementType(0), reduceShape(context, attributeUntil))],
    cost: perElement(operations),
    ...(rule === undefined ? {} : { values: (context: OperatorContext) => [reduceValues(context, rule, attributeUntil)] }),
  });
}

/** ArgMax, ArgMin: the index along one axis. */
function argReduce(context: OperatorContext): Types {
  const shape = context.shape(0);
  if (shape === undefined) return [tensorOf('int64')];
  return [tensorOf('int64', reduced(shape, [context.axis(context.int('axis', 0), shape.length)], context.int('keepdims', 1) === 1))];
}

function lossShape(context: OperatorContext): Shape | undefined {
  if (context.text('reduction', 'mean') !== 'none') return [];
  return context.shape(1);
}

const normalisation = (opType: string, inputs: string, operations: number, weights: readonly WeightInput[], domain = ''): OperatorRow =>
  row(opType, {
    domain,
    inputs,
    outputs: 'Y Mean? InvStdDev?',
    infer: (context) => [context.type(0), rowStatistics(context), rowStatistics(context)],
    cost: perElement(operations),
    weights,
  });

/** [batch, seq] ids and a table of rows of `hidden` → [batch, seq, hidden], where each mask ends, and the sum before it is normalised. */
export function embedded(context: OperatorContext, type: ElementType | undefined): Types {
  const ids = context.shape(0);
  const output = tensorOf(type, ids === undefined ? undefined : [...ids, context.shape(2)?.[1]]);
  return [output, tensorOf('int32', [ids?.[0]]), output];
}

/** Two sums of looked-up rows, then a layer normalization. */
export const embedsAndNormalises = counted(`${layerNormOperations + 2} per output element`, (context) => ({ macs: 0, flops: productOf([elementsOf(context.shape(0)), context.shape(2)?.[1], layerNormOperations + 2]) }));

export const normalisationRows: readonly OperatorRow[] = [
  row('BatchNormalization', {
    inputs: 'X scale B input_mean input_var',
    outputs: 'Y running_mean? running_var? saved_mean? saved_var?',
    infer: batchNormTypes,
    // At inference scale and shift are known beforehand: one product and one sum.
    cost: perElement(2),
    weights: batchNormalization,
    traits: { inPlace: true },
  }),
  row('InstanceNormalization', { inputs: 'input scale B', outputs: 'output', infer: likeInput, cost: perElement(layerNormOperations), weights: scaleAndBias }),
  row('GroupNormalization', { inputs: 'X scale bias', outputs: 'Y', infer: likeInput, cost: perElement(layerNormOperations), weights: scaleAndBias }),
  normalisation('LayerNormalization', 'X Scale B?', layerNormOperations, scaleAndBias),
  normalisation('RMSNormalization', 'X scale', 4, [{ input: 1, role: 'scale', outputAxis: 0 }]),
  normalisation('SimplifiedLayerNormalization', 'X scale', 4, [{ input: 1, role: 'scale', outputAxis: 0 }]),
  normalisation('SimplifiedLayerNormalization', 'X scale', 4, [{ input: 1, role: 'scale', outputAxis: 0 }], 'com.microsoft'),
  row('MeanVarianceNormalization', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(5) }),
  row('LpNormalization', { inputs: 'input', outputs: 'output', infer: likeInput, cost: perElement(3) }),
  row('LRN', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: counted('size + 4 per element', (context) => flopsPerElement(context.shape(0), context.int('size', 1) + 4)) }),
  // Largest element, difference, exponential, sum, quotient.
  ...[1, 13].flatMap((since) => ['Softmax', 'LogSoftmax', 'Hardmax'].map((opType) => row(opType, { since, inputs: 'input', outputs: 'output', infer: likeInput, cost: perElement(5), traits: { inPlace: true } }))),
  reduction('ReduceSum', 13, 1, rules.add),
  reduction('ReduceMean', 18, 1),
  reduction('ReduceMax', 18, 1, rules.maximum),
  reduction('ReduceMin', 18, 1, rules.minimum),
  reduction('ReduceProd', 18, 1, rules.multiply),
  reduction('ReduceL1', 18, 2),
  reduction('ReduceL2', 18, 2),
  reduction('ReduceLogSum', 18, 1),
  reduction('ReduceLogSumExp', 18, 2),
  reduction('ReduceSumSquare', 18, 2),
  ...['ArgMax', 'ArgMin'].map((opType) => row(opType, { inputs: 'data', outputs: 'reduced', infer: argReduce, cost: perElement(1) })),
  row('NegativeLogLikelihoodLoss', {
    inputs: 'input target weight?',
    outputs: 'loss',
    infer: (context) => [tensorOf(context.elementType(0), lossShape(context))],
    cost: perElement(2, 1),
  }),
  row('SoftmaxCrossEntropyLoss', {
    inputs: 'scores labels weights?',
    outputs: 'output log_prob?',
    infer: (context) => [tensorOf(context.elementType(0), lossShape(context)), context.type(0)],
    cost: perElement(5),
  }),
  row('SkipLayerNormalization', {
    domain: 'com.microsoft',
    inputs: 'input skip gamma beta? bias?',
    outputs: 'output mean? inv_std_var? input_skip_bias_sum?',
    infer: (context) => [context.type(0), rowStatistics(context), rowStatistics(context), context.type(0)],
    cost: perElement(layerNormOperations + 2),
    weights: [
      { input: 2, role: 'scale' },
      { input: 3, role: 'bias' },
      { input: 4, role: 'bias' },
    ],
  }),
  row('SkipSimplifiedLayerNormalization', {
    domain: 'com.microsoft',
    inputs: 'input skip gamma bias?',
    outputs: 'output mean? inv_std_var? input_skip_bias_sum?',
    infer: (context) => [context.type(0), rowStatistics(context), rowStatistics(context), context.type(0)],
    cost: perElement(6),
    weights: [
      { input: 2, role: 'scale' },
      { input: 3, role: 'bias' },
    ],
  }),
  row('EmbedLayerNormalization', {
    domain: 'com.microsoft',
    inputs: 'input_ids segment_ids? word_embedding position_embedding segment_embedding? gamma beta mask? position_ids?',
    outputs: 'output mask_index? embedding_sum?',
    infer: (context) => embedded(context, context.elementType(2)),
    cost: embedsAndNormalises,
    weights: [2, 3, 4].map((input): WeightInput => ({ input, role: 'table', inputAxis: 0, outputAxis: 1 })).concat([
      { input: 5, role: 'scale' },
      { input: 6, role: 'bias' },
    ]),
  }),
];
