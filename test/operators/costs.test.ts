// What operators cost by the conventions of docs/operators.md, each figure worked out by hand from the shapes.
import { expect, it } from 'vitest';
import { analyzeModel } from '../../src/analysis/analyze';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Attribute } from '../../src/graph/model';
import { seededTensor } from '../../src/tensor/seeded';
import { type Tensor, tensorFromArray } from '../../src/tensor/tensor';

interface Case {
  readonly what: string;
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly (readonly number[] | '' | Tensor)[];
  readonly attributes?: Parameters<typeof attributes>[0];
  readonly lists?: Readonly<Record<string, Attribute>>;
  readonly outputs?: number;
  readonly macs: number | null;
  /** All operations, twice the MACs included. */
  readonly flops: number | null;
}

const ints = (...value: readonly number[]): Attribute => ({ type: 'ints', value });
const floats = (...value: readonly number[]): Attribute => ({ type: 'floats', value });
const total = tensorFromArray('', 'int32', [1], Int32Array.from([7]));
const lengths = tensorFromArray('', 'int32', [2], Int32Array.from([6, 6]));

/** Two trees: one of three levels on its deeper side, one of a single question. */
const forest = {
  nodes_treeids: ints(0, 0, 0, 0, 0, 0, 0, 1, 1, 1),
  nodes_nodeids: ints(0, 1, 2, 3, 4, 5, 6, 0, 1, 2),
  nodes_modes: { type: 'strings', value: ['BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF', 'BRANCH_LEQ', 'LEAF', 'LEAF', 'LEAF', 'BRANCH_LEQ', 'LEAF', 'LEAF'] },
  nodes_truenodeids: ints(1, 3, 0, 4, 0, 0, 0, 1, 0, 0),
  nodes_falsenodeids: ints(2, 6, 0, 5, 0, 0, 0, 2, 0, 0),
} satisfies Record<string, Attribute>;

const cases: readonly Case[] = [
  { what: 'softmax: five operations per element', opType: 'Softmax', inputs: [[2, 10]], macs: 0, flops: 100 },
  { what: 'layer normalization: seven', opType: 'LayerNormalization', inputs: [[2, 10], [10], [10]], macs: 0, flops: 140 },
  { what: 'a convolution with bias', opType: 'Conv', inputs: [[1, 3, 8, 8], [4, 3, 3, 3], [4]], macs: 4 * 36 * 27, flops: 2 * 4 * 36 * 27 + 4 * 36 },
  { what: 'pooling: each element of each window', opType: 'MaxPool', inputs: [[1, 2, 8, 8]], attributes: { kernel_shape: [2, 2], strides: [2, 2] }, macs: 0, flops: 2 * 16 * 4 },
  { what: 'an LSTM: four gates of two products', opType: 'LSTM', inputs: [[5, 2, 3], [1, 16, 3], [1, 16, 4]], attributes: { hidden_size: 4 }, outputs: 3, macs: 5 * 2 * 16 * (3 + 4), flops: 2 * 5 * 2 * 16 * 7 + 5 * 2 * 16 * 6 },
  { what: 'grouped attention over the keys of the past too', opType: 'GroupQueryAttention', domain: 'com.microsoft', inputs: [[2, 3, 32], [2, 3, 16], [2, 3, 16], [2, 2, 4, 8], [2, 2, 4, 8], lengths, total], attributes: { num_heads: 4, kv_num_heads: 2 }, outputs: 3, macs: 2 * 4 * 3 * 7 * 16, flops: 2 * 2 * 4 * 3 * 7 * 16 + 2 * 4 * 3 * 7 * 5 },
  { what: 'attention of a decoder of which nobody says how full its past is', opType: 'GroupQueryAttention', domain: 'com.microsoft', inputs: [[2, 3, 32], [2, 3, 16], [2, 3, 16], [2, 2, 4, 8], [2, 2, 4, 8], [2], [1]], attributes: { num_heads: 4, kv_num_heads: 2 }, macs: null, flops: null },
  { what: 'experts: two of four for each token', opType: 'MoE', domain: 'com.microsoft', inputs: [[3, 8], [3, 4], seededTensor('', [4, 16, 8], 1), '', seededTensor('', [4, 8, 16], 2)], attributes: { k: 2 }, macs: 3 * 2 * (16 * 8 + 8 * 16), flops: 2 * 3 * 2 * 256 },
  { what: 'experts whose weights are packed in pairs', opType: 'QMoE', domain: 'com.microsoft', inputs: [[3, 8], [3, 4], tensorFromArray('', 'uint8', [4, 16, 4], new Uint8Array(256)), '', '', tensorFromArray('', 'uint8', [4, 8, 8], new Uint8Array(256))], attributes: { k: 2, expert_weight_bits: 4 }, macs: 3 * 2 * (16 * 8 + 8 * 16), flops: 2 * 3 * 2 * 256 },
  { what: 'a linear model', opType: 'LinearRegressor', domain: 'ai.onnx.ml', inputs: [[5, 3]], attributes: { targets: 2 }, lists: { coefficients: floats(1, 2, 3, 4, 5, 6) }, macs: 5 * 6, flops: 60 },
  { what: 'support vectors', opType: 'SVMRegressor', domain: 'ai.onnx.ml', inputs: [[5, 2]], lists: { support_vectors: floats(1, 2, 3, 4, 5, 6), coefficients: floats(1, 2, 3) }, macs: 5 * 9, flops: 90 },
  { what: 'trees: the deepest leaf of each', opType: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', inputs: [[5, 3]], attributes: { n_targets: 1 }, lists: forest, macs: 0, flops: 5 * (3 + 1) },
  { what: 'trees that run in a circle: nothing is known', opType: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', inputs: [[5, 3]], attributes: { n_targets: 1 }, lists: { ...forest, nodes_truenodeids: ints(1, 3, 0, 1, 0, 0, 0, 1, 0, 0) }, macs: 0, flops: null },
];

it.each(cases)('$what', ({ opType, domain = '', inputs, attributes: values = {}, lists = {}, outputs = 1, macs, flops }) => {
  const initializers = new Map<string, Tensor>();
  const fed = inputs.flatMap((input, i) => {
    if (input === '') return [];
    if (!('elementType' in input)) return [tensorValue(`x${i}`, 'float32', input)];
    initializers.set(`x${i}`, { ...input, name: `x${i}` });
    return [];
  });
  const node = makeNode({ opType, domain, inputs: inputs.map((input, i) => (input === '' ? '' : `x${i}`)), outputs: Array.from({ length: outputs }, (_, i) => `y${i}`), attributes: attributes(values) });
  for (const [name, attribute] of Object.entries(lists)) node.attributes.set(name, attribute);
  const model = makeModel(makeGraph('one', { nodes: [node], inputs: fed, outputs: node.outputs.map((name) => ({ name })), initializers }), { opsetImports: new Map([['', 17], [domain, domain === '' ? 17 : 1]]) });
  expect(analyzeModel(model).layers).toMatchObject([{ macs, flops }]);
});
