// Weights stored in few bits behind DequantizeLinear: the runtime widens what ONNX says is stored, and the layer computes with it.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import { cloneModel } from '../../../src/graph/construct';
import type { Model } from '../../../src/graph/model';
import { intAttribute } from '../../../src/graph/traverse';
import { assertValid } from '../../../src/graph/verify';
import { toFloat32Array } from '../../../src/tensor/decode';
import { float32Tensor, type Tensor } from '../../../src/tensor/tensor';
import { stopWorkbench } from '../quantize/support';
import { decibelsBetween, initializer, quantize, stopRunner } from './support';

afterAll(async () => {
  stopWorkbench();
  await stopRunner();
});

/** A model of one weighted operator on x [1, 4, 6, 6]; the weight's dims and the operator's attributes as given. */
function convolutionModel(opType: string, dims: readonly number[], attributes: Record<string, number>): Model {
  const builder = new GraphBuilder('convolution', { seed: 4, opset: 13 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [1, 4, 6, 6]);
  builder.output(root.node(opType, [x, root.weight('w', dims, { standardDeviation: 0.3 })], attributes), 'float32', ['n', 'c', 'h', 'w'], 'y');
  return builder.build();
}

function lstmModel(): Model {
  const builder = new GraphBuilder('lstm', { seed: 4, opset: 13 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [5, 1, 8]);
  const [w, r] = [root.weight('w', [2, 24, 8], { standardDeviation: 0.3 }), root.weight('r', [2, 24, 6], { standardDeviation: 0.3 })];
  builder.output(root.node('LSTM', [x, w, r], { hidden_size: 6, direction: 'bidirectional' }), 'float32', [5, 2, 1, 6], 'y');
  return builder.build();
}

/** What DequantizeLinear makes of a stored weight: (x − zero point) · scale, by index on its axis (ONNX, DequantizeLinear). */
function widened(model: Model, output: string): Tensor {
  const node = model.graph.nodes.find((candidate) => candidate.outputs[0] === output);
  const [x, scales, zeros] = (node?.inputs ?? []).map((name) => initializer(model, name));
  if (node === undefined || x === undefined || scales === undefined) throw new Error(`Nothing makes ${output}.`);
  const axis = intAttribute(node, 'axis', 1);
  const inner = x.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const [values, factors, middles] = [toFloat32Array(x), toFloat32Array(scales), zeros === undefined ? undefined : toFloat32Array(zeros)];
  return float32Tensor('w', x.dims, values.map((value, i) => {
    const channel = Math.floor(i / inner) % (x.dims[axis] ?? 1);
    return (value - (middles?.[channel] ?? 0)) * (factors[channel] ?? 0);
  }));
}

/** The source with the weights that the result stores. */
function withStored(source: Model, result: Model, names: readonly string[]): Model {
  const copy = cloneModel(source);
  for (const [i, name] of names.entries()) {
    const reader = result.graph.nodes.find((node) => node.opType === copy.graph.nodes[0]?.opType);
    copy.graph.initializers.set(name, { ...widened(result, reader?.inputs[i + 1] ?? ''), name });
  }
  return copy;
}

const cases: readonly (readonly [string, Model, readonly string[]])[] = [
  ['a convolution', convolutionModel('Conv', [5, 4, 3, 3], {}), ['w']],
  ['a depthwise convolution', convolutionModel('Conv', [4, 1, 3, 3], { group: 4 }), ['w']],
  ['a transposed convolution, whose output channels are its second axis', convolutionModel('ConvTranspose', [4, 3, 3, 3], {}), ['w']],
  ['both weights of an LSTM', lstmModel(), ['w', 'r']],
];

describe.each([8, 4, 2])('weights stored in %i bits', (bits) => {
  it.each(cases)('%s computes with what is stored', async (_, source, names) => {
    for (const symmetric of [true, false]) {
      const { model } = await quantize(source, { bits, symmetric, storage: true });
      assertValid(model);
      expect(model.opsetImports.get('')).toBe({ 8: 13, 4: 21, 2: 25 }[bits]);
      const types = names.map((name) => [...model.graph.initializers.values()].filter((tensor) => tensor.name.startsWith(`${name}_${symmetric ? '' : 'u'}int${bits}`)).length);
      expect(types).toEqual(names.map(() => 1));
      expect(await decibelsBetween(withStored(source, model, names), model)).toBeGreaterThan(100);
    }
  }, 60_000);
});

describe('stored weights', () => {
  it('are left alone unless they are asked for', async () => {
    expect((await quantize(convolutionModel('Conv', [5, 4, 3, 3], {}))).unchanged).toBe(true);
  });

  it('take a quarter, an eighth and a sixteenth of the bytes', async () => {
    const source = convolutionModel('Conv', [64, 4, 5, 5], {});
    const bytes = (model: Model): number => [...model.graph.initializers.values()].reduce((sum, tensor) => sum + tensor.source.byteLength, 0);
    for (const bits of [8, 4, 2]) expect(bytes((await quantize(source, { bits, storage: true })).model)).toBe(64 * 100 * (bits / 8) + 64 * 4);
  });

  it('keep NaN out', async () => {
    const source = convolutionModel('Conv', [5, 4, 3, 3], {});
    source.graph.initializers.set('w', float32Tensor('w', [5, 4, 3, 3], Float32Array.from({ length: 180 }, (_, i) => (i === 9 ? Number.NaN : 1))));
    expect((await quantize(source, { bits: 8, storage: true })).kept).toEqual([{ layer: '/Conv', reason: 'its weights hold NaN or infinite values' }]);
  });
});
