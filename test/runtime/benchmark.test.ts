// The interleaved benchmark: no difference where there is none, the right sign where there is one, one at a time.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { benchmark } from '../../src/runtime/benchmark';
import { judge } from '../../src/runtime/verdict';
import { acquireBenchmarkLock } from '../../src/runtime/benchmarkLock';
import { defaultRunSettings } from '../../src/runtime/sessionOptions';
import { seededFeeds } from '../../src/runtime/data/sources/seededSamples';
import { driftOf, sentinelMs } from '../../src/runtime/sentinel';
import { bootstrapMedian, median, pairedRatio, quantile } from '../../src/runtime/metrics/statistics';
import { temporaryFolder } from '../../src/runtime/temporary';
import { matMulModel } from './support';

const folder = temporaryFolder();
afterAll(() => folder.dispose());
const lockPath = join(folder.path, 'lock');
const signal = new AbortController().signal;

describe('statistics', () => {
  it('interpolates quantiles as R’s type 7', () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(median([5, 1, 3])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('bootstraps the same interval from the same seed, around the value', () => {
    const times = Array.from({ length: 40 }, (_, i) => 10 + (i % 7));
    const estimate = bootstrapMedian(times, 3);
    expect(bootstrapMedian(times, 3)).toEqual(estimate);
    expect(estimate.low).toBeLessThanOrEqual(13);
    expect(estimate.high).toBeGreaterThanOrEqual(13);
  });

  it('cancels a drift that both sides share', () => {
    const slow = Array.from({ length: 40 }, (_, i) => 10 * (1 + i / 10));
    expect(pairedRatio(slow, slow.map((time) => time * 0.5), 1)).toEqual({ value: 0.5, low: 0.5, high: 0.5 });
  });
});

describe('the verdict', () => {
  it('follows the interval', () => {
    expect(judge({ value: 0.5, low: 0.48, high: 0.52 }, 0, 20)).toEqual({ verdict: 'faster' });
    expect(judge({ value: 1.3, low: 1.2, high: 1.4 }, 0, 20)).toEqual({ verdict: 'slower' });
    expect(judge({ value: 1, low: 0.99, high: 1.02 }, 0, 20)).toEqual({ verdict: 'no-difference' });
    expect(judge({ value: 0.99, low: 0.985, high: 0.995 }, 0, 20)).toEqual({ verdict: 'no-difference' });
  });

  it('is inconclusive when the machine drifted, the interval is wide or the rounds were few', () => {
    expect(judge({ value: 1.01, low: 0.99, high: 1.03 }, 0.12, 20)).toEqual({ verdict: 'inconclusive', reason: 'machine busy: a fixed kernel’s time changed by 12 % during the benchmark'.replace('’', "'") });
    expect(judge({ value: 1, low: 0.8, high: 1.2 }, 0, 20)).toMatchObject({ verdict: 'inconclusive', reason: 'the ratio is known to ± 20 % only' });
    expect(judge({ value: 0.5, low: 0.4, high: 0.6 }, 0, 3)).toMatchObject({ verdict: 'inconclusive' });
  });

  it('is inconclusive on a machine that drifted by over 5 %, however far the ratio lies from 1', () => {
    expect(judge({ value: 0.5, low: 0.48, high: 0.52 }, 0.06, 20)).toMatchObject({ verdict: 'inconclusive' });
    expect(judge({ value: 0.5, low: 0.48, high: 0.52 }, 0.05, 20)).toEqual({ verdict: 'faster' });
  });
});

describe('the sentinel', () => {
  it('takes well under a millisecond or two, and its drift is between quarters', () => {
    expect(sentinelMs()).toBeLessThan(20);
    expect(driftOf([1, 1, 1, 1, 1, 1, 1.2, 1.2])).toBeCloseTo(0.2, 12);
    expect(driftOf([1, 2])).toBe(0);
  });
});

describe('a benchmark', () => {
  const source = matMulModel(96, 4);
  const options = { settings: defaultRunSettings(), feeds: seededFeeds(source, {}), budgetMs: 2500, lockPath };

  it('finds twice the work slower, by about two', async () => {
    const result = await benchmark(source, matMulModel(96, 8), options);
    expect(result.latencyRatio?.value).toBeGreaterThan(1.4);
    expect(result.latencyRatio?.value).toBeLessThan(2.6);
    // The tests' own machine may be busy: what the ratio alone shows is what counts here.
    if (result.latencyRatio !== undefined) expect(judge(result.latencyRatio, 0, result.rounds)).toEqual({ verdict: 'slower' });
    expect(result.source.cpuMs).toBeGreaterThan(0);
    expect(result.source.peakMemoryBytes).toBeGreaterThan(0);
    expect(result.source.samplesMs).toHaveLength(result.rounds);
    expect(result.variant?.fileBytes).toBeGreaterThan(96 * 96 * 4);
    expect(existsSync(lockPath)).toBe(false);
  });

  it('never calls a copy of the source twice as fast or slow', async () => {
    const result = await benchmark(source, source, options);
    expect(result.latencyRatio?.low).toBeLessThan(1.1);
    expect(result.latencyRatio?.high).toBeGreaterThan(0.9);
  });

  it('measures one model alone', async () => {
    const result = await benchmark(source, undefined, { ...options, budgetMs: 500 });
    expect(result.variant).toBeUndefined();
    expect(result.verdict).toBeUndefined();
    expect(result.source.medianMs.value).toBeGreaterThan(0);
  });

  it('is cancelled within a second, and lets the lock go', async () => {
    const controller = new AbortController();
    const work = benchmark(source, source, { ...options, budgetMs: 60_000, precision: 1e-9, signal: controller.signal });
    setTimeout(() => controller.abort(), 700);
    const start = performance.now();
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - start).toBeLessThan(1700);
    expect(existsSync(lockPath)).toBe(false);
  });
});

describe('the benchmark lock', () => {
  it('makes a second benchmark wait, then refuses it naming the first', async () => {
    const path = join(folder.path, 'held');
    const lock = await acquireBenchmarkLock({ path, signal });
    await expect(acquireBenchmarkLock({ path, signal, waitMs: 50 })).rejects.toMatchObject({ code: 'busy', message: `Another benchmark is running on this machine (process ${process.pid}).` });
    const second = acquireBenchmarkLock({ path, signal });
    lock.dispose();
    (await second).dispose();
    expect(existsSync(path)).toBe(false);
  });

  it('is taken over from a process that is gone, and from a file that is no lock', async () => {
    const gone = Number(execFileSync(process.execPath, ['-e', 'console.log(process.pid)'], { encoding: 'utf8' }));
    for (const content of [JSON.stringify({ pid: gone, began: '1', token: 'x' }), JSON.stringify({ pid: process.pid, began: 'another start', token: 'y' }), 'rubbish', '']) {
      const path = join(folder.path, 'stale');
      writeFileSync(path, content);
      (await acquireBenchmarkLock({ path, signal, waitMs: 1000 })).dispose();
      expect(existsSync(path)).toBe(false);
    }
  });
});
