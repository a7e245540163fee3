// Operators that only onnxruntime has, and those of classical machine learning: types and shapes are held against what it makes.
import { afterAll, describe, expect, it } from 'vitest';
import { inferTypes } from '../../src/analysis/infer';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Attribute, Model } from '../../src/graph/model';
import { Runner } from '../../src/runtime/runner';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';
import { seededTensor } from '../../src/tensor/seeded';
import { float32Tensor, int64Tensor, type Tensor, tensorFromArray } from '../../src/tensor/tensor';

interface Case {
  readonly opType: string;
  readonly domain?: string;
  /** Shapes of the float32 inputs that are fed; '' leaves an input out, a tensor is a constant. */
  readonly inputs: readonly (readonly number[] | '' | Tensor)[];
  readonly attributes?: Parameters<typeof attributes>[0];
  readonly lists?: Readonly<Record<string, readonly number[] | readonly string[]>>;
  readonly outputs?: number;
  /** Dimensions the data decide: these stay open. */
  readonly open?: true;
}

const ints = (...values: readonly number[]): Tensor => int64Tensor('', [values.length], values);
const int32 = (dims: readonly number[], ...values: readonly number[]): Tensor => tensorFromArray('', 'int32', dims, Int32Array.from(values));
const bytes = (dims: readonly number[]): Tensor => tensorFromArray('', 'uint8', dims, new Uint8Array(dims.reduce((a, b) => a * b, 1)).fill(3));
const scale = float32Tensor('', [], [0.1]);
const zero = tensorFromArray('', 'uint8', [], new Uint8Array([2]));
const weight = (...dims: readonly number[]): Tensor => seededTensor('', dims, 5);

const microsoft: readonly Case[] = [
  { opType: 'GroupQueryAttention', inputs: [[2, 3, 32], [2, 3, 16], [2, 3, 16], '', '', int32([2], 2, 2), int32([1], 3)], attributes: { num_heads: 4, kv_num_heads: 2 }, outputs: 3 },
  { opType: 'GroupQueryAttention', inputs: [[2, 3, 64], '', '', '', '', int32([2], 2, 2), int32([1], 3)], attributes: { num_heads: 4, kv_num_heads: 2 }, outputs: 3 },
  // A past that is a buffer with room for more keys than there are, and one that the new keys outgrow.
  { opType: 'GroupQueryAttention', inputs: [[1, 1, 32], [1, 1, 32], [1, 1, 32], [1, 2, 64, 16], [1, 2, 64, 16], int32([1], 4), int32([1], 5)], attributes: { num_heads: 2, kv_num_heads: 2 }, outputs: 3 },
  { opType: 'GroupQueryAttention', inputs: [[1, 1, 32], [1, 1, 32], [1, 1, 32], [1, 2, 4, 16], [1, 2, 4, 16], int32([1], 4), int32([1], 5)], attributes: { num_heads: 2, kv_num_heads: 2 }, outputs: 3 },
  { opType: 'MultiHeadAttention', inputs: [[2, 3, 32], [2, 5, 32], [2, 5, 24]], attributes: { num_heads: 4 } },
  { opType: 'MultiHeadAttention', inputs: [[2, 1, 32], [2, 1, 32], [2, 1, 32], '', '', '', [2, 4, 6, 8], [2, 4, 6, 8]], attributes: { num_heads: 4 }, outputs: 3 },
  { opType: 'QLinearConv', inputs: [bytes([1, 9, 9, 4]), scale, zero, bytes([6, 4, 3, 3]), scale, zero, scale, zero], attributes: { channels_last: 1, kernel_shape: [3, 3], strides: [2, 2] } },
  { opType: 'QLinearConv', inputs: [bytes([1, 4, 9, 9]), scale, zero, bytes([6, 4, 3, 3]), scale, zero, scale, zero], attributes: { kernel_shape: [3, 3] } },
  { opType: 'QLinearAveragePool', inputs: [bytes([1, 9, 7, 4]), scale, zero, scale, zero], attributes: { channels_last: 1, kernel_shape: [3, 2] } },
  { opType: 'NhwcMaxPool', inputs: [bytes([1, 9, 7, 4])], attributes: { kernel_shape: [3, 3], strides: [2, 2] } },
  { opType: 'MatMulNBits', inputs: [[2, 64], bytes([8, 2, 16]), weight(16)], attributes: { K: 64, N: 8, bits: 4, block_size: 32 } },
  { opType: 'FusedMatMul', inputs: [[2, 4, 3], [2, 5, 4]], attributes: { transA: 1, transB: 1 } },
  { opType: 'TransposeMatMul', inputs: [[4, 3], [4, 5]], attributes: { transA: 1 } },
  { opType: 'Inverse', inputs: [float32Tensor('', [2, 2], [2, 0, 0, 2])] },
  { opType: 'CDist', inputs: [[5, 3], [4, 3]], attributes: { metric: 'sqeuclidean' } },
  { opType: 'Trilu', inputs: [[2, 4, 5]] },
  { opType: 'ExpandDims', inputs: [[2, 3], int32([], -1)] },
  { opType: 'ExpandDims', inputs: [[2, 3], int32([], 1)] },
  { opType: 'UnfoldTensor', inputs: [[2, 9]], attributes: { dim: 1, size: 4, step: 2 } },
  { opType: 'CropAndResize', inputs: [[1, 3, 8, 8], float32Tensor('', [2, 4], [0, 0, 1, 1, 0, 0, 0.5, 0.5]), int32([2], 0, 0), int32([2], 5, 6)] },
  { opType: 'Unique', inputs: [[6]], outputs: 3, open: true },
  { opType: 'MurmurHash3', inputs: [int32([3], 1, 2, 3)], attributes: { positive: 0 } },
  { opType: 'MurmurHash3', inputs: [int32([2], 1, 2)] },
  { opType: 'Pad', inputs: [[2, 3], ints(0, 1, 2, 0)] },
  { opType: 'GatherND', inputs: [[2, 3], int64Tensor('', [2, 1], [1, 0])] },
  { opType: 'GridSample', inputs: [[1, 2, 5, 5], [1, 3, 4, 2]] },
  { opType: 'Range', inputs: [int32([], 1), int32([], 6)] },
  { opType: 'DynamicTimeWarping', inputs: [[4, 5]], open: true },
  { opType: 'MoE', inputs: [[3, 8], [3, 4], weight(4, 16, 8), '', weight(4, 8, 16)], attributes: { k: 2, activation_type: 'relu' } },
  { opType: 'MaxpoolWithMask', inputs: [[1, 1, 6, 6], int32([1, 1, 6, 6], ...new Array<number>(36).fill(1))], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
  { opType: 'ConvTransposeWithDynamicPads', inputs: [[1, 2, 4, 4], weight(2, 3, 3, 3), ints(0, 0, 0, 0)], attributes: { kernel_shape: [3, 3], strides: [2, 2] }, open: true },
  { opType: 'NGramRepeatBlock', inputs: [int64Tensor('', [1, 4], [1, 2, 1, 2]), [1, 8]], attributes: { ngram_size: 2 } },
  { opType: 'QEmbedLayerNormalization', inputs: [int32([1, 3], 0, 1, 2), int32([1, 3], 0, 0, 0), bytes([9, 8]), bytes([5, 8]), bytes([2, 8]), bytes([8]), bytes([8]), '', scale, scale, scale, scale, scale, zero, zero, zero, zero, zero], outputs: 2 },
  { opType: 'GatedAdd', inputs: [[2, 3, 4], [2, 3, 4], [2, 3, 1]] },
  { opType: 'GatedRMSNorm', inputs: [[2, 3, 8], weight(8), [2, 3, 8]] },
  { opType: 'LinearAttention', inputs: [[1, 4, 16], [1, 4, 16], [1, 4, 24]], attributes: { q_num_heads: 2, kv_num_heads: 2, update_rule: 'linear' }, outputs: 2 },
].map((each): Case => ({ domain: 'com.microsoft', ...each }) as Case);

const iris = { nodes_treeids: [0, 0, 0], nodes_nodeids: [0, 1, 2], nodes_featureids: [0, 0, 0], nodes_values: [0.5, 0, 0], nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'], nodes_truenodeids: [1, 0, 0], nodes_falsenodeids: [2, 0, 0] };
const classical: readonly Case[] = [
  { opType: 'LinearRegressor', inputs: [[5, 3]], attributes: { targets: 2 }, lists: { coefficients: [1, 2, 3, 4, 5, 6], intercepts: [0.5, 1.5] } },
  { opType: 'LinearClassifier', inputs: [[5, 3]], outputs: 2, lists: { coefficients: [1, 2, 3, 4, 5, 6], intercepts: [0.5, 1.5], classlabels_ints: [4, 7] } },
  { opType: 'LinearClassifier', inputs: [[5, 3]], outputs: 2, lists: { coefficients: [1, 2, 3], intercepts: [0.5], classlabels_strings: ['no', 'yes'] }, attributes: { post_transform: 'LOGISTIC' } },
  { opType: 'TreeEnsembleRegressor', inputs: [[5, 3]], attributes: { n_targets: 1 }, lists: { ...iris, target_treeids: [0, 0], target_nodeids: [1, 2], target_ids: [0, 0], target_weights: [1.5, 2.5] } },
  { opType: 'TreeEnsembleClassifier', inputs: [[5, 3]], outputs: 2, lists: { ...iris, class_treeids: [0, 0], class_nodeids: [1, 2], class_ids: [0, 1], class_weights: [1, 1], classlabels_strings: ['a', 'b'] } },
  { opType: 'SVMRegressor', inputs: [[5, 2]], attributes: { kernel_type: 'RBF', n_supports: 2 }, lists: { coefficients: [1.5, -1.5], support_vectors: [0.5, 1, 2, 3], rho: [0.5], kernel_params: [0.5, 0, 3] } },
  { opType: 'SVMClassifier', inputs: [[5, 2]], outputs: 2, open: true, attributes: { kernel_type: 'RBF' }, lists: { coefficients: [1.5, -1.5], support_vectors: [0.5, 1, 2, 3], vectors_per_class: [1, 1], rho: [0.5], kernel_params: [0.5, 0, 3], classlabels_ints: [0, 1] } },
  { opType: 'OneHotEncoder', inputs: [int64Tensor('', [2, 3], [1, 2, 3, 1, 2, 3])], lists: { cats_int64s: [1, 2, 3, 4] } },
  { opType: 'FeatureVectorizer', inputs: [[5, 2], [5, 3]], lists: { inputdimensions: [2, 3] } },
  { opType: 'CategoryMapper', inputs: [int64Tensor('', [2, 3], [1, 2, 1, 2, 1, 1])], lists: { cats_int64s: [1, 2], cats_strings: ['a', 'b'] } },
  { opType: 'Scaler', inputs: [[5, 2]], lists: { offset: [0.5, 1.5], scale: [2.5, 3.5] } },
  { opType: 'Normalizer', inputs: [[5, 2]] },
  { opType: 'Imputer', inputs: [[5, 2]], lists: { imputed_value_floats: [0.5, 1.5] } },
  { opType: 'Binarizer', inputs: [[5, 2]] },
  { opType: 'ArrayFeatureExtractor', inputs: [[5, 4], ints(0, 2)] },
].map((each): Case => ({ domain: 'ai.onnx.ml', ...each }) as Case);

function listAttribute(values: readonly number[] | readonly string[]): Attribute {
  if (values.every((value) => typeof value === 'string')) return { type: 'strings', value: values };
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.every((value) => Number.isInteger(value)) ? { type: 'ints', value: numbers } : { type: 'floats', value: numbers };
}

/** Lists of floats that happen to be whole. */
const floats: ReadonlySet<string> = new Set(['coefficients', 'nodes_values', 'class_weights']);

function modelOf(each: Case): Model {
  const node = makeNode({ opType: each.opType, domain: each.domain ?? '', name: 'node', inputs: each.inputs.map((input, i) => (input === '' ? '' : `x${i}`)), outputs: Array.from({ length: each.outputs ?? 1 }, (_, i) => `y${i}`), attributes: attributes(each.attributes ?? {}) });
  for (const [name, values] of Object.entries(each.lists ?? {})) {
    const attribute = listAttribute(values);
    node.attributes.set(name, attribute.type === 'ints' && floats.has(name) ? { type: 'floats', value: attribute.value.map(Number) } : attribute);
  }
  const initializers = new Map<string, Tensor>();
  const inputs = each.inputs.flatMap((input, i) => {
    if (input === '') return [];
    if (!('elementType' in input)) return [tensorValue(`x${i}`, 'float32', input)];
    initializers.set(`x${i}`, { ...input, name: `x${i}` });
    return [];
  });
  const graph = makeGraph('one', { nodes: [node], inputs, outputs: node.outputs.map((name) => ({ name })), initializers });
  return makeModel(graph, { opsetImports: new Map([['', 17], [each.domain ?? '', each.domain === 'ai.onnx.ml' ? 3 : 1]]) });
}

let runner: Promise<Runner> | undefined;
afterAll(async () => (await runner)?.dispose());

describe('types and shapes are those onnxruntime makes of', () => {
  it.each([...microsoft, ...classical].map((each) => ({ each, title: `${each.opType} of ${each.inputs.map((input) => (input === '' ? '–' : 'elementType' in input ? `${input.elementType}[${input.dims.join()}]` : `[${input.join()}]`)).join(' ')}` })))('$title', async ({ each }) => {
    const model = modelOf(each);
    runner ??= Runner.start();
    const session = await (await runner).load(model, { optimization: 'disabled' });
    const { outputs } = await session.run(seededFeeds(model, {}), model.graph.outputs.map(({ name }) => name));
    await session.release();
    const types = inferTypes(model);
    expect(types.contradictions).toEqual([]);
    for (const { name } of model.graph.outputs) {
      const real = outputs.get(name);
      const type = types.typeOf(model.graph, name);
      const shape = type?.kind === 'tensor' ? type.shape : undefined;
      expect({ name, elementType: type?.kind === 'tensor' ? type.elementType : undefined, shape: each.open === true ? shape?.map((dimension, axis) => dimension ?? real?.dims[axis]) : shape }).toEqual({ name, elementType: real?.elementType, shape: real?.dims });
    }
  });
});
