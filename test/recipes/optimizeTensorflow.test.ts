// An optimization of TensorFlow.js models end to end: a new folder or a reason, a report, a recipe that does it again.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { openModel } from '../../src/formats/open';
import { sha256 } from '../../src/formats/publish';
import { candidates } from '../../src/recipes/candidates';
import { runRecipe } from '../../src/recipes/execute';
import { reportMarkdown } from '../../src/recipes/markdown';
import { readReports } from '../../src/recipes/report';
import { SeededRandom } from '../../src/runtime/random';
import { decodedByTfjs, modelDocument, placeholder, tfjsFile, weight } from '../support/tfjsModels';
import { smallNetwork } from '../techniques/quantize/support';
import { optimize, services, smallBudgets, temporaryFolder, writeSource } from './support';

/** Benchmarks wait for a machine that has settled. */
vi.setConfig({ testTimeout: 120_000 });

const float = { type: 'DT_FLOAT' };
const convolution = (name: string, input: string, filter: string): object => ({
  name,
  op: 'Conv2D',
  input: [input, filter],
  attr: { T: float, strides: { list: { i: ['1', '1', '1', '1'] } }, dilations: { list: { i: ['1', '1', '1', '1'] } }, padding: { s: Buffer.from('SAME').toString('base64') }, data_format: { s: Buffer.from('NHWC').toString('base64') }, explicit_paddings: { list: {} } },
});
const filter = (name: string): object => ({ name, op: 'Const', attr: { dtype: float, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: ['3', '3', '4', '16'].map((size) => ({ size })) } } } } });

/** Filters whose numbers are alike. */
function evenFilter(seed: number): Float32Array {
  const random = new SeededRandom(seed);
  return Float32Array.from({ length: 3 * 3 * 4 * 16 }, () => random.next() - 0.5);
}

/** The same a hundred times as large: what eight bits lose of it is most of what the outputs lose. */
function largeFilter(seed: number): Float32Array {
  return evenFilter(seed).map((value) => value * 100);
}

/** y = conv(x, a) ‖ conv(x, b), NHWC. */
function twoFilters(a: Float32Array, b: Float32Array): string {
  const concat = { name: 'y', op: 'ConcatV2', input: ['first', 'second', 'axis'], attr: { T: float, N: { i: '2' }, Tidx: { type: 'DT_INT32' } } };
  const axis = { name: 'axis', op: 'Const', attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape: {} } } } };
  const node = [placeholder('x', '1', '12', '12', '4'), filter('a'), filter('b'), axis, convolution('first', 'x', 'a'), convolution('second', 'x', 'b'), concat];
  const signature = { inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: { dim: ['1', '12', '12', '4'].map((size) => ({ size })) } } }, outputs: { y: { name: 'y:0' } } };
  const bytes = Buffer.concat([a, b, Int32Array.of(3)].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
  const weights = [weight('a', [3, 3, 4, 16]), weight('b', [3, 3, 4, 16]), weight('axis', [], { dtype: 'int32' })];
  return tfjsFile({ format: 'graph-model', generatedBy: 'a test', signature, userDefinedMetadata: { labels: ['cat'] }, modelTopology: { node, versions: { producer: 716 } }, weightsManifest: [{ paths: ['w.bin'], weights }] }, { 'w.bin': bytes });
}

it('what is tried for a goal depends on the format', () => {
  expect(candidates('tfjs-layers', 'size').map(({ id }) => id)).toEqual(['weights-uint8', 'weights-float16', 'weights-uint16']);
  for (const goal of ['latency', 'size', 'memory', 'simplification'] as const)
    for (const { steps } of candidates('tfjs-graph', goal)) for (const { technique } of steps) expect(technique).toMatch(/^tensorflow-/);
});

describe('an optimization for size', () => {
  it('makes a folder with a smaller model.json, a report and a recipe; the source is not touched', async () => {
    const source = twoFilters(evenFilter(1), evenFilter(2));
    const before = await Promise.all([sha256(source), sha256(join(dirname(source), 'w.bin'))]);
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'tensorflow-weights', options: { dtype: 'uint8' } } });
    expect(report.winner).toBe('tensorflow-weights');
    const winner = report.variants.find(({ id }) => id === report.winner);
    const path = join(dirname(source), 'model.weights', 'model.json');
    expect(winner).toMatchObject({ status: 'accepted', path, uncalibrated: false, sha256: await sha256(path) });
    expect(winner?.steps[0]?.weights?.map(({ name, dtype, bytes }) => [name, dtype, bytes])).toEqual([['a', 'uint8', 576], ['b', 'uint8', 576]]);
    expect(winner?.steps[0]?.kept).toEqual([{ layer: 'axis', reason: 'holds whole numbers: indices and shapes must stay exact' }]);
    expect(await Promise.all([sha256(source), sha256(join(dirname(source), 'w.bin'))])).toEqual(before);
    expect(readdirSync(dirname(source)).sort()).toEqual(['.lathe', 'model.json', 'model.weights', 'w.bin']);
    expect(readdirSync(dirname(path)).sort()).toEqual(['group1-shard1of1.bin', 'model.json']);
    expect({ ...modelDocument(path), weightsManifest: [] }).toEqual({ ...modelDocument(source), weightsManifest: [] });
    expect(readReports(source)).toEqual([JSON.parse(JSON.stringify(report))]);
    expect(reportMarkdown(report)).toMatch(/uint8/);

    const recipe = report.recipePath ?? '';
    const again = await runRecipe(recipe, { frozen: true, budgets: smallBudgets }, services, detachedContext());
    expect(again.conclusion).toBe('Replayed: the same bytes as recorded.');
    expect(again.variants[0]?.path).toBe(join(dirname(source), 'model.weights-2', 'model.json'));
  });

  it('stores the weight that hurts in more bits, by what the outputs lose', async () => {
    const source = twoFilters(largeFilter(1), evenFilter(2));
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, floor: 60, fix: { technique: 'tensorflow-weights', options: { dtype: 'uint8' } } });
    const [variant] = report.variants;
    expect(variant?.status).toBe('accepted');
    expect(variant?.steps[0]?.weights?.map(({ name, dtype }) => [name, dtype])).toEqual([['a', 'uint16'], ['b', 'uint8']]);
    expect(variant?.comparison?.metric?.value).toBeGreaterThanOrEqual(60);
  });

  it('is rejected with the figure where no choice of bits reaches the floor', async () => {
    const source = twoFilters(evenFilter(1), evenFilter(2));
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, floor: 300, fix: { technique: 'tensorflow-weights', options: { dtype: 'uint8' } } });
    expect(report.winner).toBeUndefined();
    expect(report.variants[0]?.reason).toMatch(/the floor is/);
    expect(readdirSync(dirname(source)).sort()).toEqual(['.lathe', 'model.json', 'w.bin']);
  });

  it('puts the result where it is asked for', async () => {
    const source = twoFilters(evenFilter(1), evenFilter(2));
    const fix = { technique: 'tensorflow-weights', options: { dtype: 'float16' } };
    const outputPath = join(dirname(source), 'small');
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix, outputPath });
    expect(report.variants[0]?.path).toBe(join(outputPath, 'model.json'));
    const named = join(dirname(source), 'other', 'net.json');
    expect((await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix, outputPath: named })).variants[0]?.path).toBe(named);
    const odd = join(dirname(source), 'odd.json', 'net.json');
    expect((await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix, outputPath: odd })).variants[0]?.path).toBe(odd);
    await expect(optimize({ modelPath: source, goal: 'size', fix, outputPath })).rejects.toMatchObject({ code: 'io' });
    await expect(optimize({ modelPath: source, goal: 'size', fix, outputPath: source })).rejects.toMatchObject({ code: 'io' });
  });
});

describe('a technique for the other format', () => {
  it('of ONNX does not apply to a TensorFlow.js model', async () => {
    const source = twoFilters(evenFilter(1), evenFilter(2));
    for (const technique of ['simplify', 'quantize-static', 'quantize-dynamic', 'float16']) {
      const report = await optimize({ modelPath: source, goal: 'size', fix: { technique, options: {} } });
      expect(report.variants[0]).toMatchObject({ status: 'not-chosen' });
      expect(report.variants[0]?.reason).toMatch(/does not apply: it is for ONNX models/);
    }
  });

  it('of TensorFlow.js does not apply to an ONNX model', async () => {
    const folder = temporaryFolder();
    const source = await writeSource(smallNetwork(), folder.path);
    const report = await optimize({ modelPath: source, goal: 'size', fix: { technique: 'tensorflow-weights', options: {} } });
    expect(report.variants[0]?.reason).toMatch(/does not apply: it is for TensorFlow\.js models/);
    folder.remove();
  });
});

describe('data for inputs whose channels come last', () => {
  it('are read from .npy files', async () => {
    const source = twoFilters(evenFilter(1), evenFilter(2));
    const values = Float32Array.from({ length: 12 * 12 * 4 }, (_, i) => Math.sin(i));
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 12, 12, 4), }`.padEnd(117) + '\n';
    const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
    const data = join(dirname(source), 'x.npy');
    writeFileSync(data, Buffer.concat([start, Buffer.from(header, 'latin1'), Buffer.from(values.buffer)]));
    const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, data, fix: { technique: 'tensorflow-weights', options: {} } });
    expect(report.data).toMatchObject({ path: data });
    expect(report.winner).toBe('tensorflow-weights');
  });
});

it('the weights that are written are those TensorFlow.js reads', async () => {
  const source = twoFilters(evenFilter(3), evenFilter(4));
  const report = await optimize({ modelPath: source, goal: 'size', allowSlower: true, fix: { technique: 'tensorflow-weights', options: { dtype: 'uint16' } } });
  const path = report.variants[0]?.path ?? '';
  const model = openModel(path);
  const theirs = decodedByTfjs(path);
  for (const [name, tensor] of model.graph.initializers) expect(Buffer.compare(Buffer.from(tensor.source.read()), Buffer.from(theirs.get(name)?.dataSync().buffer ?? new ArrayBuffer(0))), name).toBe(0);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ generatedBy: 'a test', userDefinedMetadata: { labels: ['cat'] } });
  model.dispose();
});
