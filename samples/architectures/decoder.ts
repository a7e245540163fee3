// A decoder-only transformer with a cache of keys and values (pre-norm, as GPT-2: Radford et al. 2019), its inputs and outputs named as Hugging Face's Optimum exports them.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import type { BertOptions } from './bert';
import { gelu, layerNorm, linear } from './layers';

export type DecoderOptions = BertOptions;

/** GPT-2 small. */
export const gpt2Small: DecoderOptions = { layers: 12, width: 768, heads: 12, hidden: 3072, vocabulary: 50_257, positions: 1024 };

const epsilon = 1e-5;
/** What positions that must not be looked at get instead of their score. */
const maskedScore = -10_000;
const past = 'past_sequence_length';
const total = 'past_sequence_length + sequence_length';

/** input_ids, position_ids [batch, seq], attention_mask [batch, past + seq], past_key_values.N [batch, heads, past, head] → logits, present.N. */
export function buildDecoder(options: DecoderOptions = {}): Model {
  const { layers = 2, width = 64, heads = 4, hidden = 256, vocabulary = 256, positions = 512, seed = 21 } = options;
  const builder = new GraphBuilder('decoder', { seed, opset: 17 });
  const root = builder.module('');
  const ids = builder.input('input_ids', 'int64', ['batch', 'sequence_length']);
  const mask = builder.input('attention_mask', 'int64', ['batch', total]);
  const places = builder.input('position_ids', 'int64', ['batch', 'sequence_length']);
  const cacheShape = (length: string): (string | number)[] => ['batch', heads, length, width / heads];
  const caches = Array.from({ length: layers }, (_, layer) => ({ key: builder.input(`past_key_values.${layer}.key`, 'float32', cacheShape(past)), value: builder.input(`past_key_values.${layer}.value`, 'float32', cacheShape(past)) }));
  const model = root.module('model');
  const table = (name: string, rows: number): string => model.module(name).weight('weight', [rows, width], { standardDeviation: 0.5 });
  let x = model.node('Add', [model.module('embed_tokens').node('Gather', [table('embed_tokens', vocabulary), ids]), model.module('embed_positions').node('Gather', [table('embed_positions', positions), places])]);
  const bias = causalBias(model.module('mask'), mask, places);
  const presents: { readonly key: string; readonly value: string }[] = [];
  for (const [layer, cache] of caches.entries()) {
    const at = model.module(`layers.${layer}`);
    const attended = attention(at.module('self_attn'), layerNorm(at.module('input_layernorm'), x, width, epsilon), bias, cache, { width, heads });
    presents.push(attended);
    x = at.node('Add', [x, attended.output]);
    const mlp = at.module('mlp');
    const wide = gelu(mlp.module('act_fn'), linear(mlp.module('up_proj'), layerNorm(at.module('post_attention_layernorm'), x, width, epsilon), width, hidden));
    x = at.node('Add', [x, linear(mlp.module('down_proj'), wide, hidden, width)]);
  }
  const head = root.module('lm_head');
  const logits = head.node('MatMul', [layerNorm(model.module('norm'), x, width, epsilon), head.weight('weight', [width, vocabulary], { standardDeviation: 1 / Math.sqrt(width) })]);
  builder.output(logits, 'float32', ['batch', 'sequence_length', vocabulary], 'logits');
  for (const [layer, { key, value }] of presents.entries()) {
    builder.output(key, 'float32', cacheShape(total), `present.${layer}.key`);
    builder.output(value, 'float32', cacheShape(total), `present.${layer}.value`);
  }
  return builder.build();
}

/** [N, 1, seq, past + seq] of 0 where a position may be looked at: it is not masked, and not after the one that looks. */
function causalBias(at: ModuleBuilder, mask: string, places: string): string {
  const one = at.int64('one', [1], []);
  const all = at.node('Range', [at.int64('zero', [0], []), at.node('Gather', [at.node('Shape', [mask]), one], { axis: 0 }), one]);
  const [first, last] = [at.int64('axis_one', [1]), at.int64('axis_last', [-1])];
  const rows = at.node('Unsqueeze', [at.node('Unsqueeze', [places, first]), last]);
  const past = at.node('LessOrEqual', [all, rows]);
  const kept = at.node('Cast', [at.node('Unsqueeze', [at.node('Unsqueeze', [mask, first]), first])], { to: 9 });
  return at.node('Where', [at.node('And', [past, kept]), at.float32('seen', [0]), at.float32('masked_score', [maskedScore])]);
}

interface AttentionSizes {
  readonly width: number;
  readonly heads: number;
}

function attention(at: ModuleBuilder, x: string, bias: string, cache: { readonly key: string; readonly value: string }, { width, heads }: AttentionSizes): { readonly output: string; readonly key: string; readonly value: string } {
  const shape = at.int64('heads_shape', [0, 0, heads, width / heads]);
  const project = (name: string): string => at.node('Transpose', [at.node('Reshape', [linear(at.module(name), x, width, width), shape])], { perm: [0, 2, 1, 3] });
  const query = project('q_proj');
  const key = at.node('Concat', [cache.key, project('k_proj')], { axis: 2 });
  const value = at.node('Concat', [cache.value, project('v_proj')], { axis: 2 });
  const scores = at.node('Mul', [at.node('MatMul', [query, at.node('Transpose', [key], { perm: [0, 1, 3, 2] })]), at.float32('scale', [Math.sqrt(heads / width)])]);
  const weights = at.node('Softmax', [at.node('Add', [scores, bias])], { axis: -1 });
  const context = at.node('Transpose', [at.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
  const joined = at.node('Reshape', [context, at.int64('joined_shape', [0, 0, width])]);
  return { output: linear(at.module('o_proj'), joined, width, width), key, value };
}
