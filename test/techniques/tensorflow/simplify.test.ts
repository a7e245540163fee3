// Each rewrite of TensorFlow graphs: what becomes of the nodes, and that TensorFlow.js computes the same.
import { describe, expect, it } from 'vitest';
import { floats, ints, number, w, x, type Operand } from '../../formats/tfjs/lower/graphDef';
import { onBackend, type StoredModel } from '../../formats/tfjs/lower/tensorflow';
import { graph, type Line } from './graphs';
import { simplifyAndRun } from './support';

/** Rounding: a constant multiplied into weights is rounded there instead of in every product. */
const rounding = 1e-5;

const positive = (count: number): Operand => floats(Array.from({ length: count }, (_, i) => 0.3 + 0.1 * i));
const normalization = { gamma: positive(6), beta: w(6), mean: w(6), variance: positive(6) };

async function expectRewritten(stored: StoredModel, ops: readonly string[], within = rounding): Promise<void> {
  for (const backend of ['wasm', 'cpu'] as const) {
    const result = await onBackend(backend, () => simplifyAndRun(stored));
    expect(result.ops).toEqual(ops);
    for (const difference of Object.values(result.differences)) {
      if (within === 0) expect(difference, backend).toBe(0);
      else expect(difference, backend).toBeLessThan(within);
    }
  }
}

/** What must stay as it is gives what it gave, to the bit. */
const expectLeft = (stored: StoredModel, ops: readonly string[]): Promise<void> => expectRewritten(stored, ops, 0);

interface Kind {
  readonly data: Operand;
  readonly weight: Operand;
  readonly op: string;
  readonly fused: string;
}
const kinds: readonly Kind[] = [
  { data: x(-1, 5, 4, 3), weight: w(3, 3, 3, 6), op: 'Conv2D', fused: '_FusedConv2D' },
  { data: x(-1, 5, 4, 3), weight: w(3, 3, 3, 2), op: 'DepthwiseConv2dNative', fused: 'FusedDepthwiseConv2dNative' },
  { data: x(-1, 4), weight: w(4, 6), op: 'MatMul', fused: '_FusedMatMul' },
];

describe.each(kinds)('after $op', ({ data, weight, op, fused }) => {
  const layer: Line = ['layer', op, 'x weight'];

  it('a bias and an activation are fused', async () => {
    for (const activation of ['Relu', 'Relu6', 'Elu', 'Sigmoid']) await expectRewritten(graph({ x: data, weight, bias: w(6) }, [layer, ['biased', 'BiasAdd', 'layer bias'], ['y', activation, 'biased']]), [fused]);
  });

  it('an activation without a bias is fused with one of zeros', async () => {
    await expectRewritten(graph({ x: data, weight }, [layer, ['y', 'Relu', 'layer']]), [fused]);
  });

  it('a Prelu of one slope per channel is fused', async () => {
    await expectRewritten(graph({ x: data, weight, bias: w(6), slopes: w(6) }, [layer, ['biased', 'AddV2', 'layer bias'], ['y', 'Prelu', 'biased slopes']]), [fused]);
  });

  it('a LeakyRelu is fused where the fused operator has its slope', async () => {
    const lines: readonly Line[] = [layer, ['biased', 'BiasAdd', 'layer bias'], ['y', 'LeakyRelu', 'biased', { alpha: { float: 0.3 } }]];
    await expectRewritten(graph({ x: data, weight, bias: w(6) }, lines), op === 'DepthwiseConv2dNative' ? [fused, 'LeakyRelu'] : [fused]);
  });

  it('a Tanh stays beside it', async () => {
    await expectRewritten(graph({ x: data, weight, bias: w(6) }, [layer, ['biased', 'BiasAdd', 'layer bias'], ['y', 'Tanh', 'biased']]), [fused, 'Tanh']);
  });

  it('scales and shifts are folded, one by one and in either order of operands', async () => {
    const operands = { x: data, weight, a: w(6), b: w(6), c: positive(6), d: w(6) };
    await expectRewritten(graph(operands, [layer, ['p', 'Mul', 'a layer'], ['q', 'AddV2', 'b p'], ['r', 'RealDiv', 'q c'], ['y', 'Sub', 'r d']]), [fused]);
    await expectRewritten(graph({ ...operands, a: number(2) }, [layer, ['y', 'Mul', 'layer a']]), [op]);
  });

  it('nothing is folded into what others read, or the caller asks for', async () => {
    const operands = { x: data, weight, bias: w(6) };
    await expectLeft(graph(operands, [layer, ['biased', 'AddV2', 'layer bias'], ['y', 'Mul', 'layer biased']]), [op, 'AddV2', 'Mul']);
    await expectLeft(graph(operands, [layer, ['y', 'AddV2', 'layer bias']], ['y', 'layer']), [op, 'AddV2']);
  });

  it('nothing is folded past an activation', async () => {
    await expectRewritten(graph({ x: data, weight, bias: w(6), scale: w(6) }, [layer, ['a', 'BiasAdd', 'layer bias'], ['b', 'Relu', 'a'], ['y', 'Mul', 'b scale']]), [fused, 'Mul']);
  });

  it('weights that are no constants stay', async () => {
    await expectLeft(graph({ x: data, weight: { ...weight, kind: 'fed' }, scale: w(6) }, [layer, ['y', 'Mul', 'layer scale']]), [op, 'Mul']);
  });

  it('a constant of more axes than the data stays', async () => {
    await expectLeft(graph({ x: data, weight, scale: w(1, 1, 1, 1, 6) }, [layer, ['y', 'Mul', 'layer scale']]), [op, 'Mul']);
  });
});

describe('batch normalisation', () => {
  const image = x(-1, 5, 4, 3);

  it('goes into the convolution before it, with the activation after it', async () => {
    for (const { data, weight, op, fused } of kinds.slice(0, 2)) await expectRewritten(graph({ x: data, weight, ...normalization }, [['layer', op, 'x weight'], ['bn', 'FusedBatchNormV3', 'layer gamma beta mean variance'], ['y', 'Relu6', 'bn']]), [fused]);
  });

  it('goes into a biased one too', async () => {
    await expectRewritten(graph({ x: image, weight: w(3, 3, 3, 6), bias: w(6), ...normalization }, [['layer', '_FusedConv2D', 'x weight bias', { fused_ops: ['BiasAdd'] }], ['y', 'FusedBatchNormV3', 'layer gamma beta mean variance']]), ['_FusedConv2D']);
  });

  it('goes into it where it is written out as sums and products of constants', async () => {
    const lines: readonly Line[] = [
      ['layer', 'Conv2D', 'x weight'],
      ['sum', 'AddV2', 'variance epsilon'], ['root', 'Rsqrt', 'sum'], ['scale', 'Mul', 'root gamma'],
      ['scaled', 'Mul', 'layer scale'], ['moved', 'Mul', 'mean scale'], ['shift', 'Sub', 'beta moved'], ['bn', 'AddV2', 'scaled shift'],
      ['y', 'Relu', 'bn'],
    ];
    await expectRewritten(graph({ x: image, weight: w(1, 1, 3, 6), epsilon: number(0.001), ...normalization }, lines), ['_FusedConv2D']);
  });

  it('stays where it comes to no number', async () => {
    await expectLeft(graph({ x: image, weight: w(1, 1, 3, 6), ...normalization, variance: floats([0, 0, 0, 0, 0, 0]) }, [['layer', 'Conv2D', 'x weight'], ['y', 'FusedBatchNormV3', 'layer gamma beta mean variance', { epsilon: { float: 0 } }]]), ['Conv2D', 'FusedBatchNormV3']);
  });

  it('of another number of channels stays', async () => {
    const stored = graph({ x: x(-1, 5, 4, 1), weight: w(1, 1, 1, 1), ...normalization }, [['layer', 'Conv2D', 'x weight'], ['y', 'Mul', 'layer gamma']]);
    await expectLeft(stored, ['Conv2D', 'Mul']);
  });
});

describe('before a layer', () => {
  const weight = w(3, 3, 3, 6);

  it('a scale goes into its weights, also where it is padded', async () => {
    await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight, scale: w(3) }, [['a', 'Mul', 'x scale'], ['y', 'Conv2D', 'a weight']]), ['Conv2D']);
    await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight: w(3, 3, 3, 2), scale: w(3) }, [['a', 'Mul', 'x scale'], ['y', 'DepthwiseConv2dNative', 'a weight']]), ['DepthwiseConv2dNative']);
    await expectRewritten(graph({ x: x(-1, 3), weight: w(3, 5), scale: w(3), shift: w(3) }, [['a', 'Mul', 'x scale'], ['b', 'AddV2', 'a shift'], ['y', 'MatMul', 'b weight']]), ['_FusedMatMul']);
  });

  it('a product with a transposed operand takes scales, but neither bias nor activation, which the wasm backend adds wrongly there', async () => {
    const transposed = { transpose_b: true, transpose_a: false };
    const operands = { x: x(-1, 3), weight: w(5, 3), scale: w(3), shift: w(3), bias: w(5), after: w(5) };
    await expectRewritten(graph(operands, [['a', 'Mul', 'x scale'], ['b', 'MatMul', 'a weight', transposed], ['y', 'Mul', 'b after']]), ['MatMul']);
    await expectLeft(graph(operands, [['a', 'AddV2', 'x shift'], ['b', 'MatMul', 'a weight', transposed], ['c', 'AddV2', 'b bias'], ['y', 'Relu', 'c']]), ['AddV2', 'MatMul', 'AddV2', 'Relu']);
    await expectLeft(graph({ ...operands, x: x(3, 2), weight: w(3, 5) }, [['b', 'MatMul', 'x weight', { transpose_a: true, transpose_b: false }], ['c', 'AddV2', 'b bias'], ['y', 'Relu', 'c']]), ['MatMul', 'AddV2', 'Relu']);
  });

  it('a shift goes into the bias only where nothing is padded', async () => {
    const operands = { x: x(-1, 5, 4, 3), weight, shift: w(3) };
    await expectRewritten(graph(operands, [['a', 'AddV2', 'x shift'], ['y', 'Conv2D', 'a weight', { padding: 'VALID' }]]), ['_FusedConv2D']);
    await expectRewritten(graph({ ...operands, weight: w(3, 3, 3, 2) }, [['a', 'Sub', 'x shift'], ['y', 'DepthwiseConv2dNative', 'a weight', { padding: 'VALID' }]]), ['FusedDepthwiseConv2dNative']);
    await expectLeft(graph(operands, [['a', 'AddV2', 'x shift'], ['y', 'Conv2D', 'a weight']]), ['AddV2', 'Conv2D']);
  });

  it('a scale before a shift goes through it', async () => {
    await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight, scale: positive(3), shift: w(3) }, [['a', 'Mul', 'x scale'], ['b', 'AddV2', 'a shift'], ['y', 'Conv2D', 'b weight']]), ['AddV2', 'Conv2D']);
  });

  it('a constant within a product goes through it, as in a hard swish', async () => {
    const lines: readonly Line[] = [['a', 'AddV2', 'x three'], ['b', 'Relu6', 'a'], ['c', 'Mul', 'x sixth'], ['d', 'Mul', 'c b'], ['y', 'Conv2D', 'd weight']];
    await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight, three: number(3), sixth: number(1 / 6) }, lines), ['AddV2', 'Relu6', 'Mul', 'Conv2D']);
  });

  it('a constant that makes the channels stays', async () => {
    await expectLeft(graph({ x: x(-1, 5, 4, 1), weight, scale: w(3) }, [['a', 'Mul', 'x scale'], ['y', 'Conv2D', 'a weight']]), ['Mul', 'Conv2D']);
  });

  it('a bias is found behind a sum, and a list of two summed as a pair', async () => {
    const operands = { x: x(-1, 5, 4, 6), weight: w(3, 3, 6, 6), bias: w(6) };
    await expectRewritten(graph(operands, [['a', 'Conv2D', 'x weight'], ['b', 'AddN', 'a x', { N: 2 }], ['y', 'AddV2', 'bias b']]), ['_FusedConv2D', 'AddV2']);
  });

  it('zeros around an image become explicit padding', async () => {
    for (const [op, fields] of [['Conv2D', {}], ['DepthwiseConv2dNative', { strides: [1, 2, 2, 1] }]] as const)
      await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight: w(3, 3, 3, 2), pads: ints([0, 0, 0, 1, 2, 1, 0, 0], [4, 2]) }, [['a', 'Pad', 'x pads'], ['y', op, 'a weight', { ...fields, padding: 'VALID' }]]), [op], 1e-6);
    await expectRewritten(graph({ x: x(-1, 5, 4, 3), weight, pads: ints([0, 0, 0, 1, 2, 1, 0, 0], [4, 2]), zero: number(0) }, [['a', 'PadV2', 'x pads zero'], ['y', 'Conv2D', 'a weight', { padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 0, 1, 1, 0, 0] }]]), ['Conv2D'], 1e-6);
  });

  it('other paddings stay', async () => {
    const operands = { x: x(-1, 5, 4, 3), weight, pads: ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]), one: number(1) };
    await expectLeft(graph(operands, [['a', 'Pad', 'x pads'], ['y', 'Conv2D', 'a weight']]), ['Pad', 'Conv2D']);
    await expectLeft(graph(operands, [['a', 'PadV2', 'x pads one'], ['y', 'Conv2D', 'a weight', { padding: 'VALID' }]]), ['PadV2', 'Conv2D']);
    await expectLeft(graph({ ...operands, weight: w(3, 3, 5, 6), pads: ints([0, 0, 1, 1, 1, 1, 1, 1], [4, 2]) }, [['a', 'Pad', 'x pads'], ['y', 'Conv2D', 'a weight', { padding: 'VALID' }]]), ['Pad', 'Conv2D']);
    await expectLeft(graph(operands, [['a', 'Pad', 'x pads'], ['b', 'Conv2D', 'a weight', { padding: 'VALID' }], ['y', 'MaxPool', 'a', { padding: 'VALID' }]], ['b', 'y']), ['Pad', 'Conv2D', 'MaxPool']);
  });
});

describe('clipping', () => {
  const operands = { x: x(-1, 7), zero: number(0), six: number(6), many: number(9) };
  const spread = (lines: readonly Line[]): StoredModel => graph({ ...operands, wide: number(20) }, [['scaled', 'Mul', 'x wide'], ['copy', 'Softplus', 'scaled'], ['centred', 'Sub', 'scaled copy'], ['z', 'AddV2', 'centred scaled'], ...lines]);
  const before = ['Mul', 'Softplus', 'Sub', 'AddV2'];

  it.each<[string, readonly Line[], readonly string[]]>([
    ['Minimum of Maximum', [['a', 'Maximum', 'z zero'], ['y', 'Minimum', 'a six']], ['Relu6']],
    ['Maximum of Minimum', [['a', 'Minimum', 'six z'], ['y', 'Maximum', 'zero a']], ['Relu6']],
    ['Relu and both', [['a', 'Relu', 'z'], ['b', 'Minimum', 'a six'], ['y', 'Maximum', 'b zero']], ['Relu6']],
    ['Maximum alone', [['y', 'Maximum', 'z zero']], ['Relu']],
    ['ClipByValue', [['y', 'ClipByValue', 'z zero six']], ['Relu6']],
    ['a bound beyond what Relu6 gives', [['a', 'Relu6', 'z'], ['y', 'Minimum', 'a many']], ['Relu6']],
    ['another bound', [['a', 'Relu', 'z'], ['y', 'Minimum', 'a many']], ['Relu', 'Minimum']],
    ['another lower bound', [['a', 'Maximum', 'z six'], ['y', 'Minimum', 'a many']], ['Maximum', 'Minimum']],
  ])('%s', async (_, lines, ops) => {
    await expectLeft(spread(lines), [...before, ...ops]);
  });
});

describe('tidying', () => {
  it('takes out what changes nothing, and an output keeps its name', async () => {
    const result = await simplifyAndRun(graph({ x: x(-1, 4) }, [['a', 'Identity', 'x'], ['b', 'Tanh', 'a'], ['c', 'StopGradient', 'b'], ['d', 'Sin', 'c'], ['y', 'Identity', 'd']]));
    expect(result.model.graph.nodes.map(({ name, opType }) => [name, opType])).toEqual([['b', 'Tanh'], ['y', 'Sin']]);
    expect(result.differences).toEqual({ y: 0 });
  });

  it('leaves an Identity whose value has a name of its own: an input, an output, the second of several', async () => {
    await expectLeft(graph({ x: x(-1, 4) }, [['a', 'Identity', 'x'], ['b', 'Tanh', 'x'], ['c', 'Identity', 'b']], ['a', 'b', 'c']), ['Identity', 'Tanh', 'Identity']);
    await expectLeft(graph({ x: x(-1, 4) }, [['a', 'Unpack', 'x', { num: 4, axis: 1 }], ['y', 'Identity', 'a:1']]), ['Unpack', 'Identity']);
  });

  it('joins Reshapes and Transposes, and nodes that compute the same', async () => {
    const operands = { x: x(2, 3, 4), flat: ints([-1]), back: ints([4, 6]), swap: ints([0, 2, 1]), turn: ints([2, 0, 1]) };
    await expectLeft(graph(operands, [['a', 'Reshape', 'x flat'], ['y', 'Reshape', 'a back']]), ['Reshape']);
    await expectLeft(graph(operands, [['a', 'Transpose', 'x swap'], ['y', 'Transpose', 'a turn']]), ['Transpose']);
    await expectLeft(graph(operands, [['a', 'Transpose', 'x swap'], ['b', 'Transpose', 'a swap'], ['y', 'Tanh', 'b']]), ['Tanh']);
    await expectLeft(graph(operands, [['a', 'Tanh', 'x'], ['b', 'Tanh', 'x'], ['y', 'Mul', 'a b']]), ['Tanh', 'Mul']);
  });

  it('keeps two random nodes two', async () => {
    const stored = graph({ x: x(2), shape: ints([2]) }, [['a', 'RandomUniform', 'shape', { dtype: 'DT_FLOAT', seed: 1 }], ['b', 'RandomUniform', 'shape', { dtype: 'DT_FLOAT', seed: 1 }], ['c', 'Sub', 'a b'], ['y', 'Mul', 'c x']]);
    const { ops } = await simplifyAndRun(stored);
    expect(ops).toEqual(['RandomUniform', 'RandomUniform', 'Sub', 'Mul']);
  });

  it('drops what no output needs, and its weights', async () => {
    const { model } = await simplifyAndRun(graph({ x: x(-1, 4), big: w(4, 9) }, [['dead', 'MatMul', 'x big'], ['y', 'Tanh', 'x']], ['y']));
    expect(model.graph.nodes.map(({ name }) => name)).toEqual(['y']);
    expect([...model.graph.initializers.keys()]).toEqual([]);
  });
});
