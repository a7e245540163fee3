// Hessians collected in the runtime: the sums XᵀX of what each layer really read.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import type { SampleSource } from '../../../src/runtime/data/samples';
import { findCandidates } from '../../../src/techniques/quantize/choose/candidates';
import { type CollectSettings, forEachHessian, type LayerHessian, type WeightedLayer } from '../../../src/techniques/rounding/collect';
import { float32Tensor } from '../../../src/tensor/tensor';
import { contextFor, stopWorkbench } from '../quantize/support';

afterAll(stopWorkbench);

const samples = 3;

/** Small whole numbers, so that float32 sums are exact whatever their order. */
function feed(dims: readonly number[], sample: number): Float32Array {
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7 + sample * 5 + ((i * i) % 11)) % 9) - 4);
}

function dataOf(name: string, dims: readonly number[]): SampleSource {
  return {
    description: { kind: 'files', samples } as unknown as SampleSource['description'],
    real: true,
    async *samples(limit = samples) {
      for (let sample = 0; sample < Math.min(limit, samples); sample++) yield await Promise.resolve(new Map([[name, float32Tensor(name, dims, feed(dims, sample))]]));
    },
  };
}

async function hessiansOf(model: Model, dims: readonly number[], settings: Partial<CollectSettings> = {}): Promise<Map<string, LayerHessian>> {
  const layers = findCandidates(model).filter((candidate): candidate is typeof candidate & WeightedLayer => candidate.weight !== undefined);
  const found = new Map<string, LayerHessian>();
  const context = { ...(await contextFor(model)), data: dataOf('x', dims) };
  await forEachHessian(model, layers, context, { samples, ...settings }, (layer, hessian) => void found.set(layer.key, hessian));
  return found;
}

/** XᵀX of rows. */
function gram(rows: readonly (readonly number[])[], size: number): number[] {
  const out = new Array<number>(size * size).fill(0);
  for (const row of rows) for (let a = 0; a < size; a++) for (let b = 0; b < size; b++) out[a * size + b] = (out[a * size + b] ?? 0) + (row[a] ?? 0) * (row[b] ?? 0);
  return out;
}

describe('the Hessian of a product', () => {
  it('is XᵀX over all rows of all samples, whatever the rank', async () => {
    for (const dims of [[5, 4], [2, 3, 4], [4]]) {
      const builder = new GraphBuilder('product', { opset: 13 });
      const root = builder.module('');
      const x = builder.input('x', 'float32', dims);
      builder.output(root.node('MatMul', [x, root.weight('w', [4, 3], { standardDeviation: 1 })]), 'float32', [...dims.slice(0, -1), 3], 'y');
      const [hessian] = [...(await hessiansOf(builder.build(), dims)).values()];
      const rows = Array.from({ length: samples }, (_, sample) => feed(dims, sample)).flatMap((values) => Array.from({ length: values.length / 4 }, (_, row) => [...values.subarray(row * 4, row * 4 + 4)]));
      expect(hessian?.groups.map((group) => [...group])).toEqual([gram(rows, 4)]);
    }
  });

  it('is shared by layers that read the same value, and collected in several passes where memory is short', async () => {
    const builder = new GraphBuilder('shared', { opset: 13 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [2, 4]);
    const query = root.node('MatMul', [x, root.weight('q', [4, 3], { standardDeviation: 1 })]);
    const key = root.node('Gemm', [x, root.weight('k', [3, 4], { standardDeviation: 1 })], { transB: 1 });
    const sum = root.node('Relu', [root.node('Add', [query, key])]);
    builder.output(root.node('MatMul', [sum, root.weight('o', [3, 2], { standardDeviation: 1 })]), 'float32', [2, 2], 'y');
    const model = builder.build();
    const roomy = await hessiansOf(model, [2, 4]);
    const [first, second, third] = [...roomy.values()];
    expect(roomy.size).toBe(3);
    expect(first?.groups[0]).toBe(second?.groups[0]);
    expect(third?.size).toBe(3);
    const tight = await hessiansOf(model, [2, 4], { memoryBytes: 1 });
    expect([...tight].sort()).toEqual([...roomy].sort());
  });
});

interface Geometry {
  readonly dims: readonly [number, number, number, number];
  readonly outputs: number;
  readonly kernel: readonly [number, number];
  readonly group: number;
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
}

/** The patches of a convolution by the definition of Conv: [group][patch][channel, y, x]. */
function patches({ dims: [count, channels, height, width], kernel: [kh, kw], group, strides, pads, dilations }: Geometry, values: Float32Array): number[][][] {
  const steps = (size: number, pad: number, k: number, dilation: number, stride: number): number => Math.floor((size + pad - dilation * (k - 1) - 1) / stride) + 1;
  const [rows, columns] = [steps(height, pads[0] + pads[2], kh, dilations[0], strides[0]), steps(width, pads[1] + pads[3], kw, dilations[1], strides[1])];
  const at = (n: number, c: number, y: number, x: number): number => (y < 0 || x < 0 || y >= height || x >= width ? 0 : (values[((n * channels + c) * height + y) * width + x] ?? 0));
  const perGroup = channels / group;
  return Array.from({ length: group }, (_, g) => {
    const found: number[][] = [];
    for (let n = 0; n < count; n++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const patch: number[] = [];
          for (let c = g * perGroup; c < (g + 1) * perGroup; c++)
            for (let y = 0; y < kh; y++) for (let x = 0; x < kw; x++) patch.push(at(n, c, row * strides[0] - pads[0] + y * dilations[0], column * strides[1] - pads[1] + x * dilations[1]));
          found.push(patch);
        }
    return found;
  });
}

describe('the Hessian of a convolution', () => {
  const geometries: readonly (readonly [string, Geometry])[] = [
    ['a padded 3×3', { dims: [1, 2, 5, 6], outputs: 3, kernel: [3, 3], group: 1, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }],
    ['a strided one, padded on one side, of a batch', { dims: [2, 3, 6, 5], outputs: 2, kernel: [2, 3], group: 1, strides: [2, 1], pads: [0, 1, 1, 0], dilations: [1, 1] }],
    ['a dilated one', { dims: [1, 2, 7, 7], outputs: 2, kernel: [2, 2], group: 1, strides: [1, 2], pads: [0, 0, 0, 0], dilations: [3, 2] }],
    ['a grouped one', { dims: [1, 4, 4, 4], outputs: 6, kernel: [2, 2], group: 2, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }],
    ['a depthwise one', { dims: [1, 3, 5, 5], outputs: 6, kernel: [3, 3], group: 3, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }],
    ['a pointwise one', { dims: [1, 4, 3, 3], outputs: 2, kernel: [1, 1], group: 1, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }],
  ];
  it.each(geometries)('of %s is that of its patches', async (_, geometry) => {
    const { dims, outputs, kernel, group, strides, pads, dilations } = geometry;
    const builder = new GraphBuilder('conv', { opset: 13 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', dims);
    const conv = root.node('Conv', [x, root.weight('w', [outputs, dims[1] / group, ...kernel], { standardDeviation: 1 })], { group, strides, pads, dilations, kernel_shape: kernel });
    builder.output(conv, 'float32', [dims[0], outputs, 'h', 'w'], 'y');
    const [hessian] = [...(await hessiansOf(builder.build(), dims)).values()];
    const size = (dims[1] / group) * kernel[0] * kernel[1];
    const expected = Array.from({ length: group }, (_row, g) => gram(Array.from({ length: samples }, (_sample, sample) => patches(geometry, feed(dims, sample))[g] ?? []).flat(), size));
    expect(hessian?.size).toBe(size);
    expect(hessian?.groups.map((matrix) => [...matrix])).toEqual(expected);
  });
});
