// Attention and the fused transformer operators of the runtime.
import { addDimensions, divideExactly, maxDimension, multiplyDimensions, productOf } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorCost, OperatorRow, WeightInput } from '../row';
import { contraction, likeInput, perElement, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

/** What attention works on: queries [batch, heads, queries, size], keys and values [batch, kvHeads, keys, …]. */
interface Heads {
  readonly batch: Dimension;
  readonly heads: Dimension;
  readonly kvHeads: Dimension;
  readonly queries: Dimension;
  readonly keys: Dimension;
  readonly size: Dimension;
  readonly valueSize: Dimension;
}

/** MACs: queries · keysᵀ and weights · values; softmax is five operations for each pair. Source: Vaswani et al. 2017, 3.2.1. */
function attentionCost(heads: Heads | undefined): OperatorCost {
  if (heads === undefined) return { macs: undefined, flops: undefined };
  const pairs = productOf([heads.batch, heads.heads, heads.queries, heads.keys]);
  return contraction(multiplyDimensions(pairs, addDimensions(heads.size, heads.valueSize)), multiplyDimensions(pairs, 5));
}

/** ai.onnx Attention (opset 23): 4-D [batch, heads, sequence, size], or 3-D with `q_num_heads`, `kv_num_heads`. */
function headsOf(context: OperatorContext): Heads | undefined {
  const [q, k, v] = [context.shape(0), context.shape(1), context.shape(2)];
  if (q === undefined || k === undefined || v === undefined) return undefined;
  const past = context.has(4) ? context.shape(4)?.[2] : 0;
  if (q.length === 4) return { batch: q[0], heads: q[1], kvHeads: k[1], queries: q[2], keys: addDimensions(past, k[2]), size: q[3], valueSize: v[3] };
  const heads = context.int('q_num_heads');
  const kvHeads = context.int('kv_num_heads');
  return { batch: q[0], heads, kvHeads, queries: q[1], keys: addDimensions(past, k[1]), size: divideExactly(q[2], heads), valueSize: divideExactly(v[2], kvHeads) };
}

function attentionTypes(context: OperatorContext): Types {
  const type = context.elementType(0);
  const heads = headsOf(context);
  if (heads === undefined) return [tensorOf(type), tensorOf(context.elementType(1)), tensorOf(context.elementType(2)), tensorOf(type)];
  const output: Shape = context.rank(0) === 4 ? [heads.batch, heads.heads, heads.queries, heads.valueSize] : [heads.batch, heads.queries, multiplyDimensions(heads.heads, heads.valueSize)];
  return [
    tensorOf(type, output),
    tensorOf(context.elementType(1), [heads.batch, heads.kvHeads, heads.keys, heads.size]),
    tensorOf(context.elementType(2), [heads.batch, heads.kvHeads, heads.keys, heads.valueSize]),
    tensorOf(type, [heads.batch, heads.heads, heads.queries, heads.keys]),
  ];
}

const attends = (heads: (context: OperatorContext) => Heads | undefined): CostRule =>
  counted('MACs: heads × queries × keys × (key size + value size); 5 per pair of query and key', (context) => attentionCost(heads(context)));

/** Linear attention keeps a state of size × valueSize for each head: [B, T, heads · size] → [B, T, heads · valueSize]. */
function linearHeads(context: OperatorContext): Heads | undefined {
  const [q, k, v] = [context.shape(0), context.shape(1), context.shape(2)];
  const heads = context.int('q_num_heads');
  const kvHeads = context.int('kv_num_heads');
  if (q?.length !== 3 || k?.length !== 3 || v?.length !== 3) return undefined;
  return { batch: q[0], heads, kvHeads, queries: q[1], keys: k[1], size: divideExactly(k[2], kvHeads), valueSize: divideExactly(v[2], kvHeads) };
}

function linearTypes(context: OperatorContext): Types {
  const heads = linearHeads(context);
  const type = context.elementType(0);
  if (heads === undefined) return [tensorOf(type), tensorOf(type)];
  return [tensorOf(type, [heads.batch, heads.queries, multiplyDimensions(heads.heads, heads.valueSize)]), tensorOf(context.elementType(3) ?? type, [heads.batch, heads.kvHeads, heads.size, heads.valueSize])];
}

/** Each step adds key ⊗ value to the state of every key head and reads it with every query head; the delta rules read it once more. */
function linearCost(context: OperatorContext): OperatorCost {
  const heads = linearHeads(context);
  if (heads === undefined) return { macs: undefined, flops: undefined };
  const updates = context.text('update_rule', 'gated_delta').includes('delta') ? 2 : 1;
  const states = addDimensions(multiplyDimensions(heads.kvHeads, updates), heads.heads);
  return contraction(productOf([heads.batch, heads.queries, states, heads.size, heads.valueSize]));
}

const linear = counted('MACs: steps × key size × value size, for each state once to update and for each query head once to read; the delta rules read twice', linearCost);

/** com.microsoft Attention: the projections are inside. input [batch, seq, in], weights [in, 3 · hidden]. */
function projectedHeads(context: OperatorContext): { readonly heads: Heads; readonly projection: Dimension; readonly hidden: Dimension } | undefined {
  const input = context.shape(0);
  const weights = context.shape(1);
  const count = context.int('num_heads');
  if (input === undefined || weights === undefined || count === undefined) return undefined;
  const hidden = context.ints('qkv_hidden_sizes')?.[2] ?? divideExactly(weights[1], 3);
  const size = divideExactly(hidden, count);
  const heads = { batch: input[0], heads: count, kvHeads: count, queries: input[1], keys: input[1], size, valueSize: size };
  return { heads, projection: productOf([input[0], input[1], weights[0], weights[1]]), hidden };
}

const projectedTypes = (context: OperatorContext): Types => {
  const found = projectedHeads(context);
  return [tensorOf(context.elementType(0) === 'uint8' || context.elementType(0) === 'int8' ? context.elementType(3) : context.elementType(0), found === undefined ? undefined : [found.heads.batch, found.heads.queries, found.hidden])];
};

function projectedCost(context: OperatorContext): OperatorCost {
  const found = projectedHeads(context);
  const inner = attentionCost(found?.heads);
  return { macs: addDimensions(inner.macs, found?.projection), flops: addDimensions(inner.flops, multiplyDimensions(found?.projection, 2)) };
}

const projects = counted('MACs: those of the three projections and of attention; 5 per pair of query and key', projectedCost);

/** MultiHeadAttention: query [batch, seq, hidden], or packed with key and value [batch, seq, heads, 3, size]; key and value likewise, or 4-D. */
function multiHead(context: OperatorContext): Heads | undefined {
  const query = context.shape(0);
  const count = context.int('num_heads');
  if (query?.length === 5) return { batch: query[0], heads: query[2], kvHeads: query[2], queries: query[1], keys: query[1], size: query[4], valueSize: query[4] };
  if (query?.length !== 3 || count === undefined) return undefined;
  const key = context.shape(1);
  const value = context.shape(2);
  const size = divideExactly(query[2], count);
  const fourth = key?.length === 4;
  const past = context.has(6) ? context.shape(6)?.[2] : 0;
  const fresh = fourth ? key[2] : key?.[1];
  return { batch: query[0], heads: count, kvHeads: count, queries: query[1], keys: addDimensions(past, fresh), size, valueSize: value?.length === 4 ? value[3] : divideExactly(value?.[2], count) };
}

const present = (context: OperatorContext, heads: Heads | undefined, input: number, length: Dimension, size: Dimension): ValueType | undefined =>
  tensorOf(context.elementType(input) ?? context.elementType(0), heads === undefined ? undefined : [heads.batch, heads.kvHeads, length, size]);

/** Of MultiHeadAttention the present holds all keys, but where `past_sequence_length` says that the past is a buffer, of whatever length. */
const allKeys = (context: OperatorContext, heads: Heads): Dimension => (context.has(8) ? undefined : heads.keys);
/** Of GroupQueryAttention the present is as long as the past where that is a buffer with room for all keys. */
const keysOrBuffer = (context: OperatorContext, heads: Heads): Dimension => (context.has(3) ? maxDimension(heads.keys, context.shape(3)?.[2]) : heads.keys);

/** Output [batch, queries, heads · value size], then the keys and values to come back as past. `past` is the input that holds past keys. */
const headTypes =
  (find: (context: OperatorContext) => Heads | undefined, past: number, lengthOf: (context: OperatorContext, heads: Heads) => Dimension) =>
  (context: OperatorContext): Types => {
    const heads = find(context);
    const output = heads === undefined ? undefined : [heads.batch, heads.queries, multiplyDimensions(heads.heads, heads.valueSize)];
    const length = heads === undefined ? undefined : lengthOf(context, heads);
    return [tensorOf(context.elementType(0), output), present(context, heads, past, length, heads?.size), present(context, heads, past + 1, length, heads?.valueSize)];
  };

/**
 * GroupQueryAttention: query [batch, seq, heads · size], key and value [batch, seq, kvHeads · size]; or all three packed in query.
 * How many keys there are with those of the past says `total_sequence_length`, a value; without a past there are as many as queries.
 */
function groupedHeads(context: OperatorContext, total: number): Heads | undefined {
  const query = context.shape(0);
  const heads = context.int('num_heads');
  const kvHeads = context.int('kv_num_heads');
  if (query?.length !== 3 || heads === undefined || kvHeads === undefined) return undefined;
  const size = divideExactly(query[2], context.has(1) ? heads : heads + 2 * kvHeads);
  return { batch: query[0], heads, kvHeads, queries: query[1], keys: context.values(total)?.[0] ?? (context.has(3) ? undefined : query[1]), size, valueSize: size };
}

const grouped = (context: OperatorContext): Heads | undefined => groupedHeads(context, 6);
const sparse = (context: OperatorContext): Heads | undefined => groupedHeads(context, 7);

const biased: readonly WeightInput[] = [{ input: 1, role: 'bias', outputAxis: 0 }];
const fusedBias = (opType: string, operations: number): OperatorRow =>
  row(opType, { domain: 'com.microsoft', inputs: 'X bias?', outputs: 'Y', infer: likeInput, cost: perElement(operations), weights: biased, traits: { elementwise: true } });

export const attentionRows: readonly OperatorRow[] = [
  row('Attention', { inputs: 'Q K V attn_mask? past_key? past_value? nonpad_kv_seqlen?', outputs: 'Y present_key? present_value? qk_matmul_output?', infer: attentionTypes, cost: attends(headsOf) }),
  row('FlexAttention', { domain: 'ai.onnx.preview', inputs: 'Q K V', outputs: 'Y', infer: (context) => [attentionTypes(context)[0]], cost: attends(headsOf) }),
  row('LinearAttention', { inputs: 'query key value past_state? decay? beta?', outputs: 'output present_state', infer: linearTypes, cost: linear }),
  row('LinearAttention', { domain: 'com.microsoft', inputs: 'query key value past_state? decay? beta?', outputs: 'output present_state', infer: linearTypes, cost: linear }),
  row('SwiGLU', { inputs: 'a b', outputs: 'y', infer: likeInput, cost: perElement(5), traits: { elementwise: true } }),
  row('RotaryEmbedding', { inputs: 'X cos_cache sin_cache position_ids?', outputs: 'Y', infer: likeInput, cost: perElement(3) }),
  row('RotaryEmbedding', { domain: 'com.microsoft', inputs: 'input position_ids cos_cache sin_cache', outputs: 'output', infer: likeInput, cost: perElement(3) }),
  row('Attention', {
    domain: 'com.microsoft',
    inputs: 'input weights bias? mask_index? past? attention_bias? past_sequence_length?',
    outputs: 'output present?',
    infer: projectedTypes,
    cost: projects,
    weights: [
      { input: 1, role: 'weight', outputAxis: 1, inputAxis: 0 },
      { input: 2, role: 'bias', outputAxis: 0 },
    ],
  }),
  row('QAttention', {
    domain: 'com.microsoft',
    inputs: 'input weight bias input_scale weight_scale mask_index? input_zero_point? weight_zero_point? past?',
    outputs: 'output present?',
    infer: projectedTypes,
    cost: projects,
    weights: [{ input: 1, role: 'weight', outputAxis: 1, inputAxis: 0 }, { input: 2, role: 'bias', outputAxis: 0 }, ...[3, 4, 6, 7].map((input): WeightInput => ({ input, role: 'quantization' }))],
  }),
  row('MultiHeadAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? bias? key_padding_mask? attention_bias? past_key? past_value? past_sequence_length? cache_indirection?',
    outputs: 'output present_key? present_value? qk?',
    infer: headTypes(multiHead, 6, allKeys),
    cost: attends(multiHead),
    weights: [{ input: 3, role: 'bias', outputAxis: 0 }],
  }),
  row('GroupQueryAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? past_key? past_value? seqlens_k total_sequence_length cos_cache? sin_cache? position_ids? attention_bias? head_sink? k_scale? v_scale? q_norm_weight? k_norm_weight?',
    outputs: 'output present_key? present_value? output_qk?',
    infer: headTypes(grouped, 3, keysOrBuffer),
    cost: attends(grouped),
    weights: [{ input: 14, role: 'scale' }, { input: 15, role: 'scale' }],
  }),
  // The layout of the blocks decides which pairs are computed.
  row('SparseAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? past_key past_value block_row_indices block_col_indices total_sequence_length key_total_sequence_lengths cos_cache? sin_cache?',
    outputs: 'output present_key present_value',
    infer: headTypes(sparse, 3, keysOrBuffer),
    cost: counted('unknown: the layout of the blocks decides', () => ({ macs: undefined, flops: undefined })),
  }),
  row('DecoderMaskedMultiHeadAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? mask_index? attention_bias? past_key? past_value? past_sequence_length? beam_width? cache_indirection? bias?',
    outputs: 'output present_key? present_value? qk?',
    infer: (context) => [context.type(0), context.type(5), context.type(6)],
    cost: counted('unknown: how much of the past is in use decides', () => ({ macs: undefined, flops: undefined })),
  }),
  // Three positions for each token, chosen by section; then as RotaryEmbedding.
  row('MRotaryEmbedding', { domain: 'com.microsoft', inputs: 'input position_ids cos_cache sin_cache', outputs: 'output', infer: likeInput, cost: perElement(3) }),
  // Decay: sum, softplus (3), product; beta: a sigmoid.
  row('LinearAttentionGate', { domain: 'com.microsoft', inputs: 'a dt_bias decay_scale b?', outputs: 'decay beta?', infer: (context) => [context.type(0), context.type(3)], cost: perElement(8), weights: [{ input: 1, role: 'bias' }, { input: 2, role: 'scale' }] }),
  row('GatedAdd', { domain: 'com.microsoft', inputs: 'X Y gate', outputs: 'output', infer: likeInput, cost: perElement(2) }),
  fusedBias('BiasGelu', 6),
  fusedBias('FastGelu', 8),
  row('QuickGelu', { domain: 'com.microsoft', inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(5), traits: { elementwise: true, activation: true } }),
  row('Gelu', { domain: 'com.microsoft', inputs: 'X', outputs: 'Y', infer: likeInput, cost: perElement(5), traits: { elementwise: true, activation: true } }),
  row('BiasSplitGelu', { domain: 'com.microsoft', inputs: 'X bias', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), context.shape(0)?.map((dimension, axis) => (axis === 2 ? divideExactly(dimension, 2) : dimension)))], cost: perElement(4), weights: biased }),
];
