// BERT-base without a head (Devlin et al. 2019, arXiv:1810.04805), dynamic batch and sequence, biases that are not zero: 109,482,240 parameters.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { decomposedLayerNorm, fullyConnected, gelu, linear } from './layers';

export interface BertOptions {
  readonly layers?: number;
  readonly width?: number;
  readonly heads?: number;
  readonly hidden?: number;
  readonly vocabulary?: number;
  readonly positions?: number;
  readonly seed?: number;
}

/** BERT-tiny of Turc et al. 2019 (arXiv:1908.08962): 2 layers, width 128, 2 heads. */
export const bertTiny: BertOptions = { layers: 2, width: 128, heads: 2, hidden: 512 };

const epsilon = 1e-12;
/** What masked positions get added before the softmax. */
const maskedScore = -10_000;

/** input_ids, attention_mask, token_type_ids [batch, seq] (int64) → last_hidden_state [batch, seq, width], pooler_output [batch, width]. */
export function buildBert(options: BertOptions = {}): Model {
  const { layers = 12, width = 768, heads = 12, hidden = 3072, vocabulary = 30_522, positions = 512, seed = 12 } = options;
  const builder = new GraphBuilder('bert', { seed, opset: 14 });
  const root = builder.module('');
  const shape = ['batch', 'seq'];
  const ids = builder.input('input_ids', 'int64', shape);
  const mask = builder.input('attention_mask', 'int64', shape);
  const types = builder.input('token_type_ids', 'int64', shape);
  const bias = attentionBias(root, mask);
  let x = embeddings(root.module('embeddings'), ids, types, width, vocabulary, positions);
  for (let layer = 0; layer < layers; layer++) x = encoderLayer(root.module(`encoder.layer.${layer}`), x, bias, { width, heads, hidden });
  const pooler = root.module('pooler');
  const first = pooler.node('Gather', [x, pooler.int64('first_token', [0], [])], { axis: 1 });
  const pooled = pooler.module('activation').node('Tanh', [fullyConnected(pooler.module('dense'), first, width, width)]);
  builder.output(x, 'float32', ['batch', 'seq', width], 'last_hidden_state');
  builder.output(pooled, 'float32', ['batch', width], 'pooler_output');
  return builder.build();
}

/** [N, seq] of 0 and 1 → [N, 1, 1, seq] of −10000 and 0. */
function attentionBias(root: ModuleBuilder, mask: string): string {
  const wide = root.node('Unsqueeze', [root.node('Unsqueeze', [mask, root.int64('axis_one', [1])]), root.int64('axis_two', [2])]);
  const kept = root.node('Cast', [wide], { to: 1 });
  return root.node('Mul', [root.node('Sub', [root.float32('one', [1]), kept]), root.float32('masked_score', [maskedScore])]);
}

function embeddings(at: ModuleBuilder, ids: string, types: string, width: number, vocabulary: number, positions: number): string {
  const table = (name: string, rows: number): string => at.weight(`${name}.weight`, [rows, width], { standardDeviation: 0.02 });
  const length = at.node('Gather', [at.node('Shape', [ids]), at.int64('seq_axis', [1], [])], { axis: 0 });
  const end = at.node('Unsqueeze', [length, at.int64('axis_zero', [0])]);
  const all = at.int64('position_ids', Array.from({ length: positions }, (_, i) => i), [1, positions]);
  const used = at.node('Slice', [all, at.int64('start', [0]), end, at.int64('slice_axis', [1])]);
  const words = at.module('word_embeddings').node('Gather', [table('word_embeddings', vocabulary), ids]);
  const kinds = at.module('token_type_embeddings').node('Gather', [table('token_type_embeddings', 2), types]);
  const places = at.module('position_embeddings').node('Gather', [table('position_embeddings', positions), used]);
  return decomposedLayerNorm(at.module('LayerNorm'), at.node('Add', [at.node('Add', [words, kinds]), places]), width, epsilon);
}

interface LayerSizes {
  readonly width: number;
  readonly heads: number;
  readonly hidden: number;
}

function encoderLayer(at: ModuleBuilder, x: string, bias: string, sizes: LayerSizes): string {
  const { width, hidden } = sizes;
  const attention = at.module('attention');
  const context = selfAttention(attention.module('self'), x, bias, sizes);
  const output = attention.module('output');
  const attended = output.node('Add', [linear(output.module('dense'), context, width, width), x]);
  const normalised = decomposedLayerNorm(output.module('LayerNorm'), attended, width, epsilon);
  const intermediate = at.module('intermediate');
  const wide = gelu(intermediate.module('intermediate_act_fn'), linear(intermediate.module('dense'), normalised, width, hidden));
  const last = at.module('output');
  const mixed = last.node('Add', [linear(last.module('dense'), wide, hidden, width), normalised]);
  return decomposedLayerNorm(last.module('LayerNorm'), mixed, width, epsilon);
}

/** Scaled dot-product attention; x [N, seq, width] → the same. The last reshape computes its shape, as exporters write it. */
function selfAttention(at: ModuleBuilder, x: string, bias: string, { width, heads }: LayerSizes): string {
  const head = width / heads;
  const shape = at.int64('heads_shape', [0, 0, heads, head]);
  const project = (name: string, perm: readonly number[]): string => {
    const projected = linear(at.module(name), x, width, width);
    return at.node('Transpose', [at.node('Reshape', [projected, shape])], { perm });
  };
  const query = project('query', [0, 2, 1, 3]);
  const key = project('key', [0, 2, 3, 1]);
  const value = project('value', [0, 2, 1, 3]);
  const scores = at.node('Div', [at.node('MatMul', [query, key]), at.float32('scale', [Math.sqrt(head)])]);
  const weights = at.node('Softmax', [at.node('Add', [scores, bias])], { axis: -1 });
  const context = at.node('Transpose', [at.node('MatMul', [weights, value])], { perm: [0, 2, 1, 3] });
  const lead = at.node('Slice', [at.node('Shape', [context]), at.int64('lead_start', [0]), at.int64('lead_end', [2])]);
  return at.node('Reshape', [context, at.node('Concat', [lead, at.int64('tail', [width])], { axis: 0 })]);
}

