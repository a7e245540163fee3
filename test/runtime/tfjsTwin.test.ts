// TensorFlow.js against ONNX: inputs and outputs are paired, both are run on the same numbers, and the report says by what each was run.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import { openModel } from '../../src/formats/open';
import { benchmark } from '../../src/runtime/benchmark';
import { compareModels } from '../../src/runtime/compare';
import { materialize } from '../../src/runtime/materialize';
import { feedsOfVariant, inTypeOf, pairValues } from '../../src/runtime/pairing';
import { seededFeeds, seededSamples } from '../../src/runtime/data/sources/seededSamples';
import { defaultRunSettings } from '../../src/runtime/sessionOptions';
import { tensorFromArray } from '../../src/tensor/tensor';
import { temporaryFolder } from '../support/models';
import { graphDocument, tfjsFile } from '../support/tfjsModels';

const float32 = (name: string, ...shape: (number | string)[]) => ({ name, elementType: 'float32' as const, shape });

describe('inputs and outputs of two runtimes', () => {
  it('are paired by name, the others in order where their shapes agree', () => {
    const source = [float32('a', 1, 3), float32('b', '', 4), float32('c', 2)];
    const variant = [float32('p', 1, 4), float32('c', 2), float32('q', 1, 3)];
    expect([...pairValues(source, variant)]).toEqual([['c', 'c'], ['a', 'q'], ['b', 'p']]);
  });

  it('are fed the same numbers in the types each takes; one that nothing stands for is named', () => {
    const feeds = new Map([['ids', tensorFromArray('ids', 'int32', [2], Int32Array.of(3, 4))]]);
    const source = [{ name: 'ids', elementType: 'int32' as const, shape: [2] }];
    const fed = feedsOfVariant(feeds, source, [{ name: 'tokens', elementType: 'int64', shape: ['n'] }]).get('tokens');
    expect(fed?.elementType).toBe('int64');
    expect(Buffer.from(fed?.source.read() ?? []).equals(Buffer.from(tensorFromArray('t', 'int64', [2], BigInt64Array.of(3n, 4n)).source.read()))).toBe(true);
    expect(() => feedsOfVariant(feeds, source, [float32('image', 1, 2, 3)])).toThrow(/nothing in the first stands for the input image/);
  });

  it('that are whole numbers are compared whatever their width', () => {
    const source = tensorFromArray('y', 'int32', [1], Int32Array.of(7));
    expect(inTypeOf(source, tensorFromArray('y', 'int64', [1], BigInt64Array.of(7n)))?.elementType).toBe('int32');
    const floats = tensorFromArray('y', 'float32', [1], Float32Array.of(7));
    expect(inTypeOf(source, floats)).toBe(floats);
  });
});

it('a model of quantised weights is as large as its files', async () => {
  const quantised = { name: 'w', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 1, min: 0, original_dtype: 'float32' } };
  const path = tfjsFile(graphDocument({ weightsManifest: [{ paths: ['w.bin'], weights: [quantised] }] }), { 'w.bin': new Uint8Array(2) });
  expect((await materialize({ path })).fileBytes).toBe(statSync(path).size + 2);
});

describe('a TensorFlow.js model and its ONNX twin', () => {
  const weights = Float32Array.of(10, 20);

  async function twins(): Promise<{ tfjs: string; onnx: string }> {
    const tfjs = tfjsFile(graphDocument(), { 'w.bin': new Uint8Array(weights.buffer) });
    const onnx = join(temporaryFolder(), 'twin.onnx');
    const graph = makeGraph('twin', {
      nodes: [makeNode({ name: 'add', opType: 'Add', inputs: ['image', 'w'], outputs: ['sum'] })],
      inputs: [tensorValue('image', 'float32', [undefined, 2])],
      outputs: [tensorValue('sum', 'float32', [undefined, 2])],
      initializers: new Map([['w', tensorFromArray('w', 'float32', [2], weights)]]),
    });
    await writeOnnxModel(makeModel(graph), onnx);
    return { tfjs, onnx };
  }

  it('compare equal, with both runtimes named', async () => {
    const { tfjs, onnx } = await twins();
    const { outputs, runtimes } = await compareModels({ path: tfjs }, { path: onnx }, seededSamples(openModel(tfjs), { limit: 2 }));
    expect(outputs).toMatchObject([{ output: 'add', bitEqual: true }]);
    expect(runtimes).toEqual([`tfjs ${tf.version_core} wasm, 1 thread`, expect.stringMatching(/^onnxruntime 1\.\d+\.\d+ cpu, 1 thread$/)]);
  });

  it('are benchmarked in one interleaved comparison', async () => {
    const { tfjs, onnx } = await twins();
    const { source, variant, latencyRatio, rounds } = await benchmark({ path: tfjs }, { path: onnx }, { settings: defaultRunSettings(), feeds: seededFeeds(openModel(tfjs), {}), budgetMs: 1500, lockPath: join(temporaryFolder(), 'lock') });
    expect(source.runtime).toBe(`tfjs ${tf.version_core} wasm, 1 thread`);
    expect(variant?.runtime).toMatch(/^onnxruntime 1\.\d+\.\d+ cpu, 1 thread$/);
    expect(rounds).toBeGreaterThanOrEqual(8);
    expect(latencyRatio?.value).toBeGreaterThan(0);
    expect(source.fileBytes).toBeGreaterThan(8);
  });
});
