// What *Optimize Model…* asks: how images are fed only where the data are images, and Back leads through it.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { OptimizeAnswers } from '../../src/extension/optimizeQuestions';
import type { DataSummary } from '../../src/protocol/data';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { askOptimize, readFloor } = await import('../../src/extension/optimizeQuestions');
const { foundText } = await import('../../src/extension/metricQuestions');

const found: Readonly<Record<string, DataSummary>> = { '/data/photos': { kind: 'images', samples: 1200 }, '/data/arrays': { kind: 'npy' }, '/data/classes': { kind: 'images', samples: 1200, classes: 10, labels: 'classes' }, '/data/lines': { kind: 'images', samples: 40, labels: 'texts' } };
const host = {
  context: { workspaceState: { get: () => ['/data/photos', '/data/arrays', '/data/gone', '/data/classes', '/data/lines'], update: () => Promise.resolve() } },
  engine: () =>
    Promise.resolve({
      request: (method: string, { path = '' }: { readonly path?: string }) => {
        if (method === 'engine/devices') return Promise.resolve([]);
        const summary = found[path];
        return summary === undefined ? Promise.reject(new Error('There are no data here.')) : Promise.resolve(summary);
      },
    }),
};

async function answer(...labels: readonly string[]): Promise<OptimizeAnswers | undefined> {
  fakeVscode.picks.push(...labels);
  return await askOptimize(host as never, new FakeUri('file', '/models/model.onnx') as never);
}

const steps = (): unknown[] => fakeVscode.calls.map(([, step]) => step);

beforeEach(() => {
  fakeVscode.calls.length = 0;
  fakeVscode.picks.length = 0;
});

describe('Optimize Model…', () => {
  it('asks how images are fed, in one pick', async () => {
    expect(await answer('This machine', 'Latency', 'photos', 'BGR, 0 to 1', '99 %')).toEqual({ target: 'this machine', goal: 'latency', allowSlower: false, data: '/data/photos', pictures: { order: 'bgr', scale: 'unit' }, floor: 0.99 });
    expect(steps()).toEqual(['1/4', '2/4', '3/4', '4/5', '5/5']);
  });

  it('leaves it to the input where the person does', async () => {
    expect(await answer('This machine', 'Latency', 'photos', 'Default', 'Default for the goal')).toEqual({ target: 'this machine', goal: 'latency', allowSlower: false, data: '/data/photos' });
  });

  it.each([['arrays', '/data/arrays'], ['gone', '/data/gone'], ['No data', undefined]])('does not ask it of %s', async (label, data) => {
    expect(await answer('This machine', 'Size', label, '95 %')).toEqual({ target: 'this machine', goal: 'size', allowSlower: false, ...(data === undefined ? {} : { data }), floor: 0.95 });
    expect(steps()).toEqual(['1/4', '2/4', '3/4', '4/4']);
  });

  it('goes back to it with what was chosen, and forgets it with other data', async () => {
    expect(await answer('This machine', 'Latency', 'photos', 'RGB, 0 to 255', 'Back', 'Back', 'arrays', '95 %')).toEqual({ target: 'this machine', goal: 'latency', allowSlower: false, data: '/data/arrays', floor: 0.95 });
    expect(fakeVscode.calls[5]).toEqual(['quickPick', '4/5', 'RGB, 0 to 255']);
    expect(steps()).toEqual(['1/4', '2/4', '3/4', '4/5', '5/5', '4/5', '3/5', '4/4']);
  });

  it('asks by what data with labels judge, and then how much may be lost instead of a floor', async () => {
    const asked = { target: 'this machine', goal: 'latency', allowSlower: false, data: '/data/classes' };
    expect(await answer('This machine', 'Latency', 'classes', 'Default', 'Top-1 accuracy', '0.5 percentage points')).toEqual({ ...asked, metric: { name: 'top1' }, mostLoss: { value: 0.005, relative: false } });
    expect(steps()).toEqual(['1/4', '2/4', '3/4', '4/6', '5/6', '6/6']);
    expect(await answer('This machine', 'Latency', 'classes', 'Default', 'Top-1 accuracy', 'Back', 'Agreement with the source', '99 %')).toEqual({ ...asked, floor: 0.99 });
    expect(await answer('This machine', 'Latency', 'classes', 'Default', 'Top-1 accuracy', 'Back', 'Back', 'Back', 'arrays', '95 %')).toEqual({ ...asked, data: '/data/arrays', floor: 0.95 });
  });

  it('forgets the metric with data whose labels it does not fit', async () => {
    expect(await answer('This machine', 'Latency', 'classes', 'Default', 'Top-1 accuracy', 'Back', 'Back', 'Back', 'lines', 'Default', '95 %')).toEqual({ target: 'this machine', goal: 'latency', allowSlower: false, data: '/data/lines', floor: 0.95 });
  });

  it('says what was found', () => {
    expect(foundText({ kind: 'images', samples: 1200, classes: 10, labels: 'classes' })).toBe('1,200 samples (images) in 10 classes');
    expect(foundText({ kind: 'npy' })).toBe('NumPy arrays');
    expect(foundText({ kind: 'test-data-set', samples: 1, labels: 'outputs' })).toBe('1 sample (ONNX test data) with expected outputs');
  });

  it('ends where the person leaves', async () => {
    expect(await answer('This machine', 'Latency', 'photos')).toBeUndefined();
  });

  it.each([['99.9 %', 0.999], ['40 dB', 40], ['30 dB', 30]])('takes %s for a floor in its unit', async (label, floor) => {
    expect(await answer('This machine', 'Latency', 'arrays', label)).toMatchObject({ floor });
  });
});

describe('a floor that is typed', () => {
  it.each([
    ['99.5 %', 0.995],
    ['99,5%', 0.995],
    ['100 %', 1],
    ['35 dB', 35],
    ['22.5db', 22.5],
  ])('“%s” is read in its unit', (text, value) => expect(readFloor(text)).toBeCloseTo(value, 12));
  it.each(['', '99', '0.99', '101 %', '1 dB', '-3 dB', 'dB', '99 % or so'])('“%s” is none: without a unit it could be either', (text) => expect(readFloor(text)).toBeUndefined());
});
