// Attention and the fused transformer operators of the runtime.
import { addDimensions, divideExactly, multiplyDimensions, productOf } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { row } from '../row';
import type { OperatorCost, OperatorRow, WeightInput } from '../row';
import { contraction, elementsOf, flopsPerElement, likeInput, tensorOf } from '../shapes';

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

/** MultiHeadAttention: query [batch, seq, hidden]; key and value likewise, 4-D, or absent when packed. */
function multiHead(context: OperatorContext): Heads | undefined {
  const query = context.shape(0);
  const count = context.int('num_heads');
  if (query?.length !== 3 || count === undefined) return undefined;
  const key = context.shape(1);
  const value = context.shape(2);
  const size = divideExactly(query[2], count);
  const fourth = key?.length === 4;
  return { batch: query[0], heads: count, kvHeads: count, queries: query[1], keys: fourth ? key[2] : key?.[1], size, valueSize: value?.length === 4 ? value[3] : divideExactly(value?.[2], count) };
}

const biased: readonly WeightInput[] = [{ input: 1, role: 'bias', outputAxis: 0 }];
const fusedBias = (opType: string, operations: number): OperatorRow =>
  row(opType, { domain: 'com.microsoft', inputs: 'X bias?', outputs: 'Y', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), operations), weights: biased, traits: { elementwise: true } });

export const attentionRows: readonly OperatorRow[] = [
  row('Attention', { inputs: 'Q K V attn_mask? past_key? past_value? nonpad_kv_seqlen?', outputs: 'Y present_key? present_value? qk_matmul_output?', infer: attentionTypes, cost: (context) => attentionCost(headsOf(context)) }),
  row('FlexAttention', { domain: 'ai.onnx.preview', inputs: 'Q K V', outputs: 'Y', infer: (context) => [attentionTypes(context)[0]], cost: (context) => attentionCost(headsOf(context)) }),
  row('LinearAttention', { inputs: 'query key value past_state? decay? beta?', outputs: 'output present_state', infer: linearTypes, cost: linearCost }),
  row('SwiGLU', { inputs: 'a b', outputs: 'y', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), 5), traits: { elementwise: true } }),
  row('RotaryEmbedding', { inputs: 'X cos_cache sin_cache position_ids?', outputs: 'Y', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), 3) }),
  row('RotaryEmbedding', { domain: 'com.microsoft', inputs: 'input position_ids cos_cache sin_cache', outputs: 'output', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), 3) }),
  row('Attention', {
    domain: 'com.microsoft',
    inputs: 'input weights bias? mask_index? past? attention_bias? past_sequence_length?',
    outputs: 'output present?',
    infer: projectedTypes,
    cost: projectedCost,
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
    cost: projectedCost,
    weights: [{ input: 1, role: 'weight', outputAxis: 1, inputAxis: 0 }, { input: 2, role: 'bias', outputAxis: 0 }, ...[3, 4, 6, 7].map((input): WeightInput => ({ input, role: 'quantization' }))],
  }),
  row('MultiHeadAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? bias? key_padding_mask? attention_bias? past_key? past_value?',
    outputs: 'output present_key? present_value?',
    infer: (context) => {
      const heads = multiHead(context);
      return [tensorOf(context.elementType(0), heads === undefined ? undefined : [heads.batch, heads.queries, multiplyDimensions(heads.heads, heads.valueSize)])];
    },
    cost: (context) => attentionCost(multiHead(context)),
    weights: [{ input: 3, role: 'bias', outputAxis: 0 }],
  }),
  row('GroupQueryAttention', {
    domain: 'com.microsoft',
    inputs: 'query key? value? past_key? past_value? seqlens_k total_sequence_length cos_cache? sin_cache?',
    outputs: 'output present_key? present_value?',
    infer: (context) => [context.has(1) ? context.type(0) : tensorOf(context.elementType(0))],
    cost: () => ({ macs: undefined, flops: undefined }),
  }),
  fusedBias('BiasGelu', 6),
  fusedBias('FastGelu', 8),
  row('QuickGelu', { domain: 'com.microsoft', inputs: 'X', outputs: 'Y', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), 5), traits: { elementwise: true, activation: true } }),
  row('Gelu', { domain: 'com.microsoft', inputs: 'X', outputs: 'Y', infer: likeInput, cost: (context) => flopsPerElement(context.shape(0), 5), traits: { elementwise: true, activation: true } }),
  row('BiasSplitGelu', { domain: 'com.microsoft', inputs: 'X bias', outputs: 'Y', infer: (context) => [tensorOf(context.elementType(0), context.shape(0)?.map((dimension, axis) => (axis === 2 ? divideExactly(dimension, 2) : dimension)))], cost: (context) => ({ macs: 0, flops: multiplyDimensions(elementsOf(context.shape(0)), 4) }), weights: biased }),
];
