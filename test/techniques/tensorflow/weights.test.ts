// Weights of TensorFlow.js models in fewer bits: the converter's own numbers, read by TensorFlow.js as they are meant, and left alone where they would be spoiled.
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import { writeTfjsModel } from '../../../src/formats/tfjs/write';
import { weightBytes } from '../../../src/recipes/source';
import { affineQuantization, quantizedTensor, roundToEven } from '../../../src/techniques/tensorflow/weights/affine';
import { tensorflowWeights, tensorflowWeightsOptions, type TensorflowWeightsOptions } from '../../../src/techniques/tensorflow/weights/weights';
import { matches } from '../../../src/techniques/tensorflow/weights/wildcard';
import type { TechniqueContext, TechniqueResult } from '../../../src/techniques/technique';
import { toFloat32Array } from '../../../src/tensor/decode';
import { weightMoments } from '../../../src/tensor/statistics';
import { float32Tensor, type Tensor } from '../../../src/tensor/tensor';
import { temporaryFolder } from '../../support/models';
import { decodedByTfjs, graphDocument, modelDocument, publicTfjsModels, tfjsFile, weight } from '../../support/tfjsModels';

const context = { signal: new AbortController().signal, progress: () => undefined } as unknown as TechniqueContext;

function codes(tensor: Tensor, dtype: 'uint8' | 'uint16'): { min: number; scale: number; codes: number[]; values: number[] } {
  const quantization = affineQuantization(weightMoments(tensor), dtype);
  const { source } = quantizedTensor(tensor, quantization);
  const bytes = 'stored' in source ? (source.stored as Tensor['source']).read() : new Uint8Array(0);
  return { min: quantization.min, scale: quantization.scale, codes: [...(dtype === 'uint8' ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2))], values: [...new Float32Array(new Uint8Array(source.read()).buffer)] };
}

describe('the affine scheme', () => {
  it('gives the numbers that the documentation of the converter gives', () => {
    // tfjs-converter, write_weights.py, `_quantize_entry`.
    const { min, scale, codes: stored } = codes(float32Tensor('w', [3], [0, -0.1, 1.2]), 'uint8');
    expect(stored).toEqual([20, 0, 255]);
    expect(min).toBeCloseTo(-0.10196078817, 10);
    expect(scale).toBeCloseTo(0.00509803940852, 13);
  });

  // tfjs-converter, quantization_test.py: `_runQuantizeTest`.
  it.each([
    [-3, -1, 2 / 255, 2 / 65535],
    [-3, 0, 3 / 255, 3 / 65535],
    [-3, 3, 6 / 255, 6 / 65535],
    [0, 3, 3 / 255, 3 / 65535],
    [1, 3, 2 / 255, 2 / 65535],
  ])('passes the tests of the converter for %d … %d', (least, largest, ofUint8, ofUint16) => {
    const values = Array.from({ length: largest - least + 1 }, (_, i) => least + i);
    for (const [dtype, scale] of [['uint8', ofUint8], ['uint16', ofUint16]] as const) {
      const made = codes(float32Tensor('w', [values.length], values), dtype);
      expect(made.scale).toBeCloseTo(scale, 7);
      for (const [i, value] of values.entries()) expect(Math.abs((made.values[i] ?? NaN) - value)).toBeLessThan(1.5e-2);
      const zero = values.indexOf(0);
      if (zero >= 0) expect(made.values[zero]).toBe(0);
    }
  });

  it('stores a weight of one value as that value', () => {
    expect(codes(float32Tensor('w', [5], [1, 1, 1, 1, 1]), 'uint8')).toEqual({ min: 1, scale: 1, codes: [0, 0, 0, 0, 0], values: [1, 1, 1, 1, 1] });
    expect(codes(float32Tensor('w', [2], [0, 0]), 'uint16')).toEqual({ min: 0, scale: 1, codes: [0, 0], values: [0, 0] });
  });

  it('rounds ties to even, as numpy does', () => {
    // numpy.round: 0.5 → 0, 1.5 → 2, 2.5 → 2, 3.5 → 4.
    expect([0.5, 1.5, 2.5, 3.5, 0.49, 2.51].map(roundToEven)).toEqual([0, 2, 2, 4, 0, 3]);
  });
});

it('a pattern stands for names as in shells, slashes included', () => {
  expect(matches('conv/0/weight', 'conv/*')).toBe(true);
  expect(matches('conv/0/weight', '*weight')).toBe(true);
  expect(matches('conv/0/weight', 'conv/?/w*t')).toBe(true);
  expect(matches('conv/0/weight', 'conv')).toBe(false);
  expect(matches('conv/0/bias', '*weight')).toBe(false);
  expect(matches('', '*')).toBe(true);
  expect(matches('a'.repeat(5000), `${'a*'.repeat(400)}b`)).toBe(false);
});

const numbers = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i) * 3);

interface Case {
  readonly entry?: object;
  readonly bytes?: Uint8Array;
  readonly options?: Partial<TensorflowWeightsOptions>;
}

/** The technique on a model with one weight `w`. */
async function applied({ entry = weight('w', [300]), bytes = new Uint8Array(numbers.buffer), options = {} }: Case): Promise<TechniqueResult> {
  const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights: [entry] }] }), { 'w.bin': bytes });
  return await tensorflowWeights.apply(openModel(path), tensorflowWeightsOptions.parse({ dtype: 'uint8', ...options }), context);
}

function with300(value: number): Uint8Array {
  const spoiled = Float32Array.from(numbers);
  spoiled[7] = value;
  return new Uint8Array(spoiled.buffer);
}

describe('a weight is left as it is', () => {
  it.each<[string, Case, string]>([
    ['it holds NaN', { bytes: with300(NaN) }, 'holds NaN or infinite numbers'],
    ['it holds infinities', { bytes: with300(-Infinity), options: { dtype: 'float16' } }, 'holds NaN or infinite numbers'],
    ['float16 has no such numbers', { bytes: with300(70000), options: { dtype: 'float16' } }, 'holds values beyond float16 (65504)'],
    ['float16 would lose all of it', { bytes: new Uint8Array(Float32Array.from(numbers, (value) => value * 1e-6).buffer), options: { dtype: 'float16' } }, 'holds values below the normal range of float16 (6.1e-5) only'],
    ['it is small', { entry: weight('w', [2]), bytes: new Uint8Array(8) }, 'has fewer than 256 elements'],
    ['it holds whole numbers', { entry: weight('w', [300], { dtype: 'int32' }) }, 'holds whole numbers: indices and shapes must stay exact'],
    ['it holds truth values', { entry: weight('w', [300], { dtype: 'bool' }), bytes: new Uint8Array(300) }, 'holds truth values'],
    ['it holds texts', { entry: weight('w', [1], { dtype: 'string' }), bytes: Uint8Array.of(1, 0, 0, 0, 65) }, 'holds texts'],
    ['it holds complex numbers', { entry: weight('w', [150], { dtype: 'complex64' }) }, 'holds complex numbers, which TensorFlow.js does not store in fewer bits'],
    ['it is stored so already', { entry: weight('w', [300], { quantization: { dtype: 'uint8', scale: 1, min: 0 } }), bytes: new Uint8Array(300) }, 'is stored as uint8 already'],
    ['it was chosen', { options: { choices: [{ weights: 'w*', dtype: 'float32' }] } }, 'left as it is by choice'],
  ])('where %s', async (_, given, reason) => {
    const result = await applied(given);
    expect(result.kept).toEqual([{ layer: 'w', reason }]);
    expect(result.unchanged).toBe(true);
  });
});

it('what is stored in 16 bits is stored in 8 where that is asked for, and never the other way', async () => {
  const entry = weight('w', [300], { quantization: { dtype: 'float16' } });
  const bytes = new Uint8Array(600);
  expect((await applied({ entry, bytes })).weights).toEqual([{ name: 'w', dtype: 'uint8', bytes: 300, maxAbs: 0 }]);
  expect((await applied({ entry, bytes, options: { dtype: 'uint16' } })).kept).toEqual([{ layer: 'w', reason: 'is stored as float16 already' }]);
});

it('choices by name decide, the first that fits', async () => {
  const result = await applied({ options: { choices: [{ weights: 'v', dtype: 'float32' }, { weights: '?', dtype: 'uint16' }, { weights: '*', dtype: 'float16' }] } });
  expect(result.weights?.[0]?.dtype).toBe('uint16');
  expect((await applied({ options: { only: ['v*'] } })).weights).toEqual([]);
});

it('says what each weight loses', async () => {
  const result = await applied({});
  const { scale } = affineQuantization(weightMoments(float32Tensor('w', [300], numbers)), 'uint8');
  const [report] = result.weights ?? [];
  expect(report?.maxAbs).toBeLessThanOrEqual(scale);
  expect(report?.maxAbs).toBeGreaterThan(scale / 4);
  // Of noise that is uniform over a step: 20·log10(rms / (step / √12)).
  const rms = Math.sqrt(numbers.reduce((sum, value) => sum + value * value, 0) / 300);
  expect(report?.sqnrDb).toBeGreaterThan(20 * Math.log10(rms / (scale / Math.sqrt(12))) - 1.5);
  expect(result.notes.join(' ')).toContain('w ');
});

const [first] = publicTfjsModels().filter(({ name }) => /antispoof/.test(name));
const mid = publicTfjsModels().filter(({ name }) => /pretrainedResnet|iris|language/.test(name));

describe.each([...(first === undefined ? [] : [first]), ...mid])('$name', ({ path }) => {
  it.each(['float16', 'uint16', 'uint8'] as const)('as %s is decoded by TensorFlow.js to the very numbers the model says', async (dtype) => {
    const source = openModel(path);
    const result = await tensorflowWeights.apply(source, tensorflowWeightsOptions.parse({ dtype }), context);
    const written = join(temporaryFolder(), 'model.json');
    await writeTfjsModel(result.model, written);
    const again = openModel(written);
    const theirs = decodedByTfjs(written);
    for (const { name } of result.weights ?? []) {
      const mine = again.graph.initializers.get(name);
      const inMemory = result.model.graph.initializers.get(name);
      if (mine === undefined || inMemory === undefined) continue; // of a function
      const values = Float32Array.from(theirs.get(name)?.dataSync() ?? []);
      expect(Buffer.compare(Buffer.from(toFloat32Array(mine).slice().buffer), Buffer.from(values.buffer)), name).toBe(0);
      expect(Buffer.compare(Buffer.from(toFloat32Array(inMemory).slice().buffer), Buffer.from(values.buffer)), name).toBe(0);
    }
    const reported = (result.weights ?? []).length;
    const entries = modelDocument(written).weightsManifest.flatMap(({ weights }) => weights);
    expect(entries.filter(({ quantization }) => quantization?.dtype === dtype).length).toBeGreaterThanOrEqual(reported);
    if (!result.unchanged) expect(weightBytes(result.model)).toBeLessThan(weightBytes(source));
    expect(weightBytes(again)).toBe(weightBytes(result.model));
    expect(dirname(written)).not.toBe(dirname(path));
    for (const tensor of theirs.values()) tensor.dispose();
    source.dispose();
    again.dispose();
  });
});
