// How data are streamed: split without overlap, kept in the cache, and in memory that does not grow with their number.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { LatheError } from '../../../src/base/errors';
import { openSamples, openSplitSamples } from '../../../src/runtime/data/datasets';
import { cachedRead, sweep } from '../../../src/runtime/data/cache';
import { type IndexedData, streamed } from '../../../src/runtime/data/indexed';
import { limited, splitData } from '../../../src/runtime/data/split';
import { float32Tensor } from '../../../src/tensor/tensor';
import { drawn, folders, modelOf, npy, numbers } from './support';

const folder = folders();

/** Ninety samples of class 0 and ten of class 1. */
const uneven: IndexedData = {
  kind: 'images',
  path: '/data',
  count: 100,
  classes: 2,
  nameOf: (index) => `picture-${index}`,
  labelOf: (index) => ({ index: index < 90 ? 0 : 1 }),
  read: (index) => ({ feeds: new Map([['x', float32Tensor('x', [1], [index])]]) }),
};

describe('a split', () => {
  it('holds each class in its share, each sample once, and is the same again', () => {
    const parts = splitData(uneven, { calibration: 0.3, evaluation: 0.5, test: 0.2 });
    const all = [...(parts?.calibration ?? []), ...(parts?.evaluation ?? []), ...(parts?.test ?? [])];
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    const ofSecond = (part: readonly number[] | undefined): number => (part ?? []).filter((index) => index >= 90).length;
    expect([ofSecond(parts?.calibration), ofSecond(parts?.evaluation), ofSecond(parts?.test)]).toEqual([3, 5, 2]);
    expect(splitData(uneven, { calibration: 0.3, evaluation: 0.5, test: 0.2 })).toEqual(parts);
    expect(splitData(uneven, { calibration: 0.3, evaluation: 0.5, test: 0.2, seed: 1 })).not.toEqual(parts);
  });

  it('gives both classes to a part that is cut short, and leaves the test part alone unless it is asked for', () => {
    const parts = splitData(uneven);
    expect(parts?.test).toEqual([]);
    expect(parts?.calibration.slice(0, 4).filter((index) => index >= 90)).toHaveLength(2);
    expect(limited(uneven, 10).filter((index) => index >= 90)).toHaveLength(5);
  });

  it('carries what a class cannot divide to the next: twenty classes of one sample each make two halves', () => {
    const single: IndexedData = { ...uneven, count: 20, classes: 20, labelOf: (index) => ({ index }) };
    const sizes = (parts: ReturnType<typeof splitData>): (number | undefined)[] => [parts?.calibration.length, parts?.evaluation.length, parts?.test.length];
    expect(sizes(splitData(single))).toEqual([10, 10, 0]);
    expect(sizes(splitData(single, { calibration: 0.3, evaluation: 0.2, test: 0.1 }))).toEqual([6, 4, 2]);
  });

  it('is not made of fewer than twenty samples: then both purposes take them all', async () => {
    const path = join(folder(), 'x.npy');
    writeFileSync(path, npy('<f4', [5, 1], new Uint8Array(Float32Array.of(1, 2, 3, 4, 5).buffer)));
    const { calibration, evaluation, divided } = await openSplitSamples(path, modelOf(['x', 'float32', [1, 1]]));
    expect([divided, calibration.description.samples, evaluation.description.samples]).toEqual([false, 5, 5]);
  });

  it('of data divides what is measured on from what is judged by, and says which is which', async () => {
    const path = join(folder(), 'x.npy');
    writeFileSync(path, npy('<f4', [40, 1], new Uint8Array(Float32Array.from({ length: 40 }, (_, i) => i).buffer)));
    const model = modelOf(['x', 'float32', [1, 1]]);
    const { calibration, evaluation } = await openSplitSamples(path, model);
    const values = async (source: typeof calibration): Promise<number[]> => (await drawn(source)).flatMap(({ feeds }) => numbers(feeds.get('x')));
    const [one, other] = [await values(calibration), await values(evaluation)];
    expect([...one, ...other].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect([calibration.description.split, evaluation.description.split]).toEqual(['calibration', 'evaluation']);
    expect(await values(await openSamples(path, model, { split: 'evaluation' }))).toEqual(other);
  });
});

describe('streaming', () => {
  it('stops at what does not fit the model, whatever may be skipped', async () => {
    const broken: IndexedData = { ...uneven, read: () => { throw new LatheError('usage', 'It does not fit.'); } };
    await expect(drawn(streamed(broken, [0, 1, 2], { mostSkipped: 1 }))).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes no more memory for 1,000 samples than for 50', () => {
    const path = join(folder(), 'x.npy');
    // 1,000 samples of 200 kB: kept, they would be 200 MB.
    writeFileSync(path, npy('<f4', [1000, 50_000], new Uint8Array(1000 * 50_000 * 4)));
    const script = join(folder(), 'peak.ts');
    const source = (name: string): string => JSON.stringify(join(process.cwd(), 'src', name));
    writeFileSync(script, [
      `import { openSamples } from ${source('runtime/data/datasets')};`,
      `import { makeGraph, makeModel, tensorValue } from ${source('graph/construct')};`,
      `const model = makeModel(makeGraph('g', { nodes: [], inputs: [tensorValue('x', 'float32', [1, 50000])], outputs: [] }));`,
      'async function run() {',
      '  let [sum, count, most] = [0, 0, 0];',
      `  for await (const feeds of (await openSamples(${JSON.stringify(path)}, model, { limit: Number(process.argv[2]) })).samples()) {`,
      "    sum += feeds.get('x').source.read().byteLength;",
      '    if (++count % 10 === 0) gc();',
      '    most = Math.max(most, process.memoryUsage.rss());',
      '  }',
      '  console.log(sum, most);',
      '}',
      'void run();',
    ].join('\n'));
    const bundle = join(folder(), 'peak.cjs');
    execFileSync(process.execPath, [join('node_modules', 'esbuild', 'bin', 'esbuild'), script, '--bundle', '--platform=node', `--outfile=${bundle}`, '--log-level=error']);
    const peak = (samples: number): number => {
      // Collected as it goes: what is held counts, not how long the collector waits. The system's own peak begins with that of the process that started this one.
      const [sum, rss] = execFileSync(process.execPath, ['--single-threaded-gc', '--expose-gc', bundle, String(samples)]).toString().trim().split(' ').map(Number);
      expect(sum).toBe(samples * 200_000);
      return rss ?? NaN;
    };
    expect(peak(1000) / peak(50)).toBeLessThan(1.1);
  });
});

describe('the cache', () => {
  it('gives a sample again without reading it, until its file or its options change', () => {
    process.env['XDG_CACHE_HOME'] = folder();
    delete process.env['MODEL_LATHE_SAMPLE_CACHE'];
    let reads = 0;
    let state = 'one';
    const data: IndexedData = { ...uneven, stateOf: (index) => `${state} ${index}`, read: (index) => ({ feeds: new Map([['x', float32Tensor('x', [2], [index, ++reads])]]), label: { boxes: [{ corners: [1, 2, 3, 4], category: 5 }] } }) };
    const first = cachedRead(data, 3);
    const again = cachedRead(data, 3);
    expect([numbers(first.feeds.get('x')), numbers(again.feeds.get('x')), again.label, reads]).toEqual([[3, 1], [3, 1], { boxes: [{ corners: [1, 2, 3, 4], category: 5 }] }, 1]);
    state = 'two';
    expect(numbers(cachedRead(data, 3).feeds.get('x'))).toEqual([3, 2]);
    const place = join(process.env['XDG_CACHE_HOME'] ?? '', 'model-lathe', 'samples');
    expect(readdirSync(place)).toHaveLength(2);
    // What is not whole is made again.
    for (const name of readdirSync(place)) writeFileSync(join(place, name), Buffer.from([200, 0, 0, 0, 1]));
    expect(numbers(cachedRead(data, 3).feeds.get('x'))).toEqual([3, 3]);
    process.env['MODEL_LATHE_SAMPLE_CACHE'] = 'off';
  });

  it('lets go of what was used longest ago', () => {
    const place = folder();
    mkdirSync(place, { recursive: true });
    for (const [i, name] of ['old', 'middle', 'new'].entries()) {
      writeFileSync(join(place, name), Buffer.alloc(10));
      utimesSync(join(place, name), 1000 + i, 1000 + i);
    }
    expect(sweep(place, 20)).toBe(20);
    expect(readdirSync(place)).toEqual(['middle', 'new']);
    expect(statSync(join(place, 'new')).size).toBe(10);
  });

  it('holds pictures as they are fed', async () => {
    process.env['XDG_CACHE_HOME'] = folder();
    delete process.env['MODEL_LATHE_SAMPLE_CACHE'];
    const at = folder();
    writeFileSync(join(at, 'a.png'), PNG.sync.write(new PNG({ width: 2, height: 2 })));
    const model = modelOf(['x', 'float32', [1, 3, 2, 2]]);
    const fed = async (scale: 'unit' | 'raw'): Promise<number[]> => numbers((await drawn(await openSamples(at, model, { scale })))[0]?.feeds.get('x'));
    const first = await fed('unit');
    expect(await fed('unit')).toEqual(first);
    expect(await fed('raw')).not.toEqual(first);
    process.env['MODEL_LATHE_SAMPLE_CACHE'] = 'off';
  });
});
