// What only onnxruntime has: operators it makes of others (int8 convolutions, blocked layout), those its exporters write, and ones ONNX gave up.
import { addDimensions, divideExactly, floorDivide, multiplyDimensions, productOf, subtractDimensions } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorRow, WeightInput } from '../row';
import { contraction, elementsOf, flopsPerElement, likeInput, perElement, tensorOf, unknownShape } from '../shapes';
import { convolutionShape, convolves, kernelWeights, pools, poolShape } from './convolution';
import { embedded, embedsAndNormalises } from './normalisation';

type Types = readonly (ValueType | undefined)[];
type Init = Omit<Parameters<typeof row>[1], 'domain'>;

const microsoft = (opType: string, init: Init): OperatorRow => row(opType, { domain: 'com.microsoft', ...init });
const stored = (...inputs: readonly number[]): WeightInput[] => inputs.map((input) => ({ input, role: 'quantization' }));
const shaped = (shape: (context: OperatorContext) => Shape | undefined) => (context: OperatorContext): Types => [tensorOf(context.elementType(0), shape(context))];
const openShape = (rank: number) => (context: OperatorContext): Types => [tensorOf(context.elementType(0), unknownShape(rank))];
const openCost = counted('unknown', () => ({ macs: undefined, flops: undefined }));

/** Every slice of `size` along one axis, as a last axis of its own. */
function unfolded(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const axis = context.axis(context.int('dim', -1), shape.length);
  const size = context.int('size');
  return [...shape.with(axis, addDimensions(floorDivide(subtractDimensions(shape[axis], size), context.int('step', 1)), 1)), size];
}

function expanded(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  const axis = context.values(1)?.[0];
  if (shape === undefined) return undefined;
  if (typeof axis !== 'number') return unknownShape(shape.length + 1);
  const at = context.axis(axis, shape.length + 1);
  return [...shape.slice(0, at), 1, ...shape.slice(at)];
}

/** Rows of A against rows of B: [m, k], [n, k] → [m, n]. */
const distances: CostRule = counted('MACs: rows of A × rows of B × features', (context) => contraction(productOf([context.shape(0)?.[0], context.shape(1)?.[0], context.shape(0)?.[1]])));
const inverses: CostRule = counted('2n³ per matrix', (context) => ({ macs: 0, flops: productOf([elementsOf(context.shape(0)), context.shape(0)?.at(-1), 2]) }));

/** Elements a tensor of packed weights stands for, less its first axis, the experts. */
function expertElements(context: OperatorContext, input: number, quantized: boolean): Dimension {
  if (!context.has(input)) return 0;
  const shape = context.shape(input);
  const packed = quantized ? floorDivide(8, context.int('expert_weight_bits', 4)) : 1;
  return shape === undefined ? undefined : multiplyDimensions(productOf(shape.slice(1)), packed);
}

/** Mixture of experts: each token goes through the layers of `k` experts. `layers` are the inputs that hold their weights. */
const experts = (layers: readonly number[], quantized: boolean): CostRule =>
  counted('MACs: tokens × k × weights of one expert', (context) => {
    const hidden = context.shape(0)?.at(-1);
    const tokens = divideExactly(elementsOf(context.shape(0)), hidden);
    const each = layers.reduce<Dimension>((sum, input) => addDimensions(sum, expertElements(context, input, quantized)), 0);
    return contraction(productOf([tokens, context.int('k', 1), each]));
  });

const expertWeights = (layers: readonly number[], biases: readonly number[], scales: readonly number[]): WeightInput[] => [
  ...layers.map((input): WeightInput => ({ input, role: 'weight' })),
  ...biases.map((input): WeightInput => ({ input, role: 'bias' })),
  ...stored(...scales),
];

/** Crops of the boxes: [boxes, C, height, width]. */
const cropped = (context: OperatorContext): Shape => [context.shape(1)?.[0], context.shape(0)?.[1], ...(context.values(3) ?? [undefined, undefined])];

/** Channels come in blocks of 8 or 16, as the machine likes: the result of ReorderInput has a multiple of that. */
function blocked(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const last = context.int('channels_last', 0) === 1;
  const channels = last ? shape.at(-1) : shape[1];
  const spatial = last ? shape.slice(1, -1) : shape.slice(2);
  return [shape[0], typeof channels === 'number' && channels % 16 === 0 ? channels : undefined, ...spatial];
}

function unblocked(context: OperatorContext): Shape | undefined {
  const shape = context.shape(0);
  const channels = context.int('channels');
  if (shape === undefined) return undefined;
  return context.int('channels_last', 0) === 1 ? [shape[0], ...shape.slice(2), channels] : [shape[0], channels, ...shape.slice(2)];
}

const global = (context: OperatorContext): Shape | undefined => context.shape(0)?.map((dimension, axis) => (axis < 2 ? dimension : 1));
const enlarged = (context: OperatorContext): Shape | undefined => context.shape(0)?.map((dimension, axis) => multiplyDimensions(dimension, context.ints('scales')?.[axis]));

/** Operators in the layout onnxruntime reorders convolutions to for the machine it runs on. */
const blockedRow = (opType: string, init: Init): OperatorRow => row(opType, { domain: 'com.microsoft.nchwc', ...init });

export const blockedRows: readonly OperatorRow[] = [
  blockedRow('ReorderInput', { open: 'channels, which are filled up to the blocks of the machine', inputs: 'X', outputs: 'Y', infer: shaped(blocked), traits: { dataMovement: true } }),
  blockedRow('ReorderOutput', { inputs: 'X', outputs: 'Y', infer: shaped(unblocked), traits: { dataMovement: true } }),
  blockedRow('Conv', { inputs: 'X W B? Sum?', outputs: 'Y', infer: shaped((context) => convolutionShape(context, 0, 1)), cost: convolves(0, 1, 2), weights: kernelWeights }),
  ...['MaxPool', 'AveragePool'].map((opType) => blockedRow(opType, { inputs: 'X', outputs: 'Y', infer: shaped((context) => poolShape(context, false)), cost: pools((context) => poolShape(context, false)) })),
  ...['GlobalMaxPool', 'GlobalAveragePool'].map((opType) => blockedRow(opType, { inputs: 'X', outputs: 'Y', infer: shaped(global), cost: perElement(1) })),
  blockedRow('Upsample', { inputs: 'X', outputs: 'Y', infer: shaped(enlarged), cost: counted('nearest 0, linear 8 per output element', (context) => flopsPerElement(enlarged(context), context.text('mode', 'nearest') === 'nearest' ? 0 : 8)) }),
];

export const runtimeRows: readonly OperatorRow[] = [
  microsoft('QLinearConv', {
    inputs: 'x x_scale x_zero_point w w_scale w_zero_point y_scale y_zero_point B?',
    outputs: 'y',
    infer: (context) => [tensorOf(context.elementType(7) ?? context.elementType(0), convolutionShape(context, 0, 3))],
    cost: convolves(0, 3, 8),
    weights: [{ input: 3, role: 'weight', outputAxis: 0, inputAxis: 1 }, { input: 8, role: 'bias', outputAxis: 0 }, ...stored(1, 2, 4, 5, 6, 7)],
  }),
  microsoft('NhwcMaxPool', { inputs: 'x', outputs: 'y', infer: shaped((context) => poolShape(context, true)), cost: pools((context) => poolShape(context, true)) }),
  microsoft('MaxpoolWithMask', { inputs: 'X M', outputs: 'Y', infer: shaped((context) => poolShape(context, false)), cost: pools((context) => poolShape(context, false)) }),
  microsoft('ConvTransposeWithDynamicPads', {
    open: 'height and width',
    inputs: 'X W Pads? B?',
    outputs: 'Y',
    infer: shaped((context) => context.shape(0)?.map((dimension, axis) => (axis === 0 ? dimension : axis === 1 ? multiplyDimensions(context.shape(1)?.[1], context.int('group', 1)) : undefined))),
    cost: counted('MACs: input elements × outputs per group × kernel', (context) => contraction(productOf([elementsOf(context.shape(0)), ...(context.shape(1)?.slice(1) ?? [undefined])]))),
    weights: [{ input: 1, role: 'weight', outputAxis: 1, inputAxis: 0 }, { input: 3, role: 'bias', outputAxis: 0 }],
  }),
  microsoft('QEmbedLayerNormalization', {
    inputs:
      'input_ids segment_ids? word_embedding_quant position_embedding_quant segment_embedding? gamma_quant beta_quant mask? word_embedding_scale position_embedding_scale segment_embedding_scale? gamma_scale beta_scale word_embedding_zero_point position_embedding_zero_point segment_embedding_zero_point? gamma_zero_point beta_zero_point',
    outputs: 'layernorm_out mask_index_out',
    infer: (context) => embedded(context, 'float32').slice(0, 2),
    cost: embedsAndNormalises,
    weights: [...[2, 3, 4].map((input): WeightInput => ({ input, role: 'table', inputAxis: 0, outputAxis: 1 })), { input: 5, role: 'scale' }, { input: 6, role: 'bias' }, ...stored(8, 9, 10, 11, 12, 13, 14, 15, 16, 17)],
  }),
  // A root mean square over rows as long as the scale, then a sigmoid-weighted gate.
  microsoft('GatedRMSNorm', { inputs: 'X scale gate', outputs: 'Y', infer: likeInput, cost: perElement(9), weights: [{ input: 1, role: 'scale', outputAxis: 0 }] }),
  microsoft('EngramGate', { open: 'the shape', inputs: 'key query value key_norm_scale query_norm_scale', outputs: 'output', infer: (context) => [tensorOf(context.elementType(0))], cost: openCost, weights: [{ input: 3, role: 'scale' }, { input: 4, role: 'scale' }] }),
  microsoft('MoE', {
    inputs: 'input router_probs fc1_experts_weights fc1_experts_bias? fc2_experts_weights fc2_experts_bias? fc3_experts_weights? fc3_experts_bias?',
    outputs: 'output',
    infer: likeInput,
    cost: experts([2, 4, 6], false),
    weights: expertWeights([2, 4, 6], [3, 5, 7], []),
  }),
  microsoft('QMoE', {
    inputs:
      'input router_probs fc1_experts_weights fc1_scales? fc1_experts_bias? fc2_experts_weights fc2_scales? fc2_experts_bias? fc3_experts_weights? fc3_scales? fc3_experts_bias? fc1_zero_points? fc2_zero_points? fc3_zero_points? router_weights? fc1_global_scale? fc2_global_scale? fc1_act_scale? fc2_act_scale? fc1_act_block_scale? fc2_act_block_scale?',
    outputs: 'output',
    infer: likeInput,
    cost: experts([2, 5, 8], true),
    weights: expertWeights([2, 5, 8], [4, 7, 10], [3, 6, 9, 11, 12, 13, 15, 16, 17, 18, 19, 20]),
  }),
  microsoft('Inverse', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: inverses }),
  microsoft('CDist', { inputs: 'A B', outputs: 'C', infer: shaped((context) => [context.shape(0)?.[0], context.shape(1)?.[0]]), cost: distances }),
  microsoft('Trilu', { inputs: 'X k?', outputs: 'Y', infer: likeInput, traits: { dataMovement: true } }),
  microsoft('ExpandDims', { inputs: 'X axis', outputs: 'Y', infer: shaped(expanded), traits: { dataMovement: true, view: true } }),
  microsoft('UnfoldTensor', { inputs: 'input', outputs: 'output', infer: shaped(unfolded), traits: { dataMovement: true } }),
  microsoft('CropAndResize', { inputs: 'X rois batch_indices crop_size', outputs: 'Y', infer: shaped(cropped), cost: counted('8 per output element: a bilinear sample', (context) => flopsPerElement(cropped(context), 8)) }),
  microsoft('Unique', { open: 'how many differ', inputs: 'x', outputs: 'y idx counts', infer: (context) => [tensorOf(context.elementType(0), [undefined]), tensorOf('int64', context.shape(0)), tensorOf('int64', [undefined])] }),
  microsoft('MurmurHash3', { inputs: 'X', outputs: 'Y', infer: (context) => [tensorOf(context.int('positive', 1) === 1 ? 'uint32' : 'int32', context.shape(0))] }),
  microsoft('NGramHashMapping', { open: 'the shape', inputs: 'input_ids multipliers vocab_sizes past_ids?', outputs: 'hash_ids present_ids?', infer: (context) => [tensorOf(context.elementType(0)), context.type(3)] }),
  microsoft('NGramRepeatBlock', { inputs: 'input_ids scores', outputs: 'scores_out', infer: (context) => [context.type(1)] }),
  microsoft('BifurcationDetector', { open: 'how many tokens there are', inputs: 'src_tokens cur_tokens prev_suffix_match_idx pred_tokens?', outputs: 'tokens suffix_match_idx', infer: (context) => [tensorOf(context.elementType(0), [undefined]), tensorOf(context.elementType(0), [])] }),
  microsoft('Tokenizer', { open: 'how many tokens there are', inputs: 'X', outputs: 'Y', infer: shaped((context) => (context.shape(0) === undefined ? undefined : [...(context.shape(0) ?? []), undefined])) }),
  microsoft('DynamicTimeWarping', { open: 'how long the path is', inputs: 'input', outputs: 'output', infer: () => [tensorOf('int32', [2, undefined])], cost: perElement(3) }),
  microsoft('WordConvEmbedding', {
    inputs: 'Sequence W B C',
    outputs: 'Y',
    infer: (context) => [tensorOf(context.elementType(1), context.shape(0) === undefined ? undefined : [...(context.shape(0) ?? []).slice(0, -1), context.shape(1)?.[0]])],
    cost: openCost,
    weights: [{ input: 1, role: 'weight', outputAxis: 0 }, { input: 2, role: 'bias' }, { input: 3, role: 'table' }],
  }),
  microsoft('SampleOp', { inputs: 'X', outputs: 'Y', infer: likeInput }),
  microsoft('AttnLSTM', {
    open: 'the shape',
    inputs: 'X W R B? sequence_lens? initial_h? initial_c? P? QW? MW? V? M? memory_seq_lens? AW?',
    outputs: 'Y? Y_h? Y_c?',
    infer: (context) => [openShape(4)(context)[0], openShape(3)(context)[0], openShape(3)(context)[0]],
    cost: openCost,
    weights: [1, 2, 7, 8, 9, 10, 13].map((input): WeightInput => ({ input, role: 'weight' })).concat({ input: 3, role: 'bias' }),
  }),
  // Whole decoding loops, their decoders as subgraphs: how long they run the data decides.
  ...(['BeamSearch', 'GreedySearch', 'Sampling', 'WhisperBeamSearch'] as const).map((opType) => microsoft(opType, { open: 'the shape', inputs: 'input_ids inputs*', outputs: 'sequences outputs*', infer: () => [tensorOf('int32')], cost: openCost, traits: { control: true, deterministic: false } })),
  // Of opset 1, given up by ONNX; onnxruntime still runs them.
  row('Affine', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(2), traits: { elementwise: true, activation: true } }),
  row('Scale', { inputs: 'input', outputs: 'output', infer: likeInput, cost: perElement(1), traits: { elementwise: true, activation: true } }),
  row('ScaledTanh', { inputs: 'input', outputs: 'output', infer: likeInput, cost: perElement(5), traits: { elementwise: true, activation: true } }),
  row('ParametricSoftplus', { inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(5), traits: { elementwise: true, activation: true } }),
  row('ImageScaler', { inputs: 'input', outputs: 'output', infer: likeInput, cost: perElement(2), traits: { elementwise: true } }),
  row('Crop', { open: 'height and width', inputs: 'input', outputs: 'output', infer: shaped((context) => context.shape(0)?.map((dimension, axis) => (axis < 2 ? dimension : undefined))), traits: { dataMovement: true } }),
  row('DynamicSlice', { open: 'the shape', inputs: 'data starts ends axes?', outputs: 'output', infer: shaped((context) => context.shape(0)?.map(() => undefined)), traits: { dataMovement: true } }),
  // Copies between devices that onnxruntime writes into the models it saves.
  ...['MemcpyFromHost', 'MemcpyToHost'].map((opType) => row(opType, { inputs: 'X', outputs: 'Y', infer: likeInput, traits: { dataMovement: true } })),
];
