// ViT-B/16 (Dosovitskiy et al. 2021, arXiv:2010.11929) with biases everywhere, as torchvision has it: 86,567,656 parameters.
import { GraphBuilder, type ModuleBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { conv, fullyConnected, gelu, layerNorm, linear } from './layers';
import type { ImageModelOptions } from './resnet50';

const width = 768;
const heads = 12;
const depth = 12;
const patch = 16;
const hidden = 3072;
const epsilon = 1e-6;

/** input [batch, 3, size, size] → output [batch, classes]. */
export function buildViT({ batch = 1, size = 224, classes = 1000, seed = 16 }: ImageModelOptions = {}): Model {
  const patches = (size / patch) ** 2;
  const tokens = patches + 1;
  const builder = new GraphBuilder('vit_b_16', { seed });
  const root = builder.module('');
  const input = builder.input('input', 'float32', [batch, 3, size, size]);
  const embedded = conv(root.module('conv_proj'), input, { from: 3, to: width, kernel: patch, stride: patch, padding: 0, bias: true });
  const flat = root.node('Reshape', [embedded, root.int64('patches_shape', [0, width, patches])]);
  const sequence = root.node('Transpose', [flat], { perm: [0, 2, 1] });
  const classToken = root.node('Expand', [root.weight('class_token', [1, 1, width], { standardDeviation: 0.02 }), classTokenShape(root, input)]);
  const joined = root.node('Concat', [classToken, sequence], { axis: 1 });
  const encoder = root.module('encoder');
  let x = encoder.node('Add', [joined, encoder.weight('pos_embedding', [1, tokens, width], { standardDeviation: 0.02 })]);
  for (let layer = 0; layer < depth; layer++) x = encoderLayer(encoder.module(`layers.encoder_layer_${layer}`), x, tokens);
  x = layerNorm(encoder.module('ln'), x, width, epsilon);
  const first = root.node('Gather', [x, root.int64('first_token', [0], [])], { axis: 1 });
  builder.output(fullyConnected(root.module('heads.head'), first, width, classes), 'float32', [batch, classes], 'output');
  return builder.build();
}

/** [N, 1, width] as an exporter computes it from the input's shape. */
function classTokenShape(root: ModuleBuilder, input: string): string {
  const batch = root.node('Slice', [root.node('Shape', [input]), root.int64('batch_start', [0]), root.int64('batch_end', [1])]);
  return root.node('Concat', [batch, root.int64('class_token_tail', [1, width])], { axis: 0 });
}

function encoderLayer(at: ModuleBuilder, x: string, tokens: number): string {
  const attended = selfAttention(at.module('self_attention'), layerNorm(at.module('ln_1'), x, width, epsilon), tokens);
  const residual = at.node('Add', [attended, x]);
  const mlp = at.module('mlp');
  const wide = gelu(mlp.module('1'), linear(mlp.module('0'), layerNorm(at.module('ln_2'), residual, width, epsilon), width, hidden));
  return at.node('Add', [residual, linear(mlp.module('3'), wide, hidden, width)]);
}

/** Multi-head self-attention with one packed projection; x [N, tokens, width] → the same. */
function selfAttention(at: ModuleBuilder, x: string, tokens: number): string {
  const head = width / heads;
  const packed = linear(at.module('in_proj'), x, width, 3 * width);
  const [query = '', key = '', value = ''] = at.nodes('Split', [packed, at.int64('thirds', [width, width, width])], { axis: -1 }, { outputs: 3 });
  const shape = at.int64('heads_shape', [0, tokens, heads, head]);
  /** [N, tokens, width] → [N, heads, …] in the order of `perm`. */
  const split = (part: string, perm: readonly number[]): string => at.node('Transpose', [at.node('Reshape', [part, shape])], { perm });
  const scaled = at.node('Mul', [split(query, [0, 2, 1, 3]), at.float32('scale', [1 / Math.sqrt(head)])]);
  const weights = at.node('Softmax', [at.node('MatMul', [scaled, split(key, [0, 2, 3, 1])])], { axis: -1 });
  const context = at.node('Transpose', [at.node('MatMul', [weights, split(value, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
  return linear(at.module('out_proj'), at.node('Reshape', [context, at.int64('joined_shape', [0, tokens, width])]), width, width);
}
