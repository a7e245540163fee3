// Which samples decide what: choices by calibration data, and the winner once by the test part.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { makeGraph, makeModel, makeNode, tensorValue } from '../../src/graph/construct';
import type { Comparison } from '../../src/protocol/measurement';
import { Laboratory } from '../../src/recipes/laboratory';
import { chooseWinner, defaultBudgets } from '../../src/recipes/optimize';
import type { Trial } from '../../src/recipes/trial';
import { openSplitSamples } from '../../src/runtime/data/datasets';
import { heldSamples, type SampleSource } from '../../src/runtime/data/samples';
import { float32Tensor } from '../../src/tensor/tensor';
import { npy } from '../runtime/data/support';
import { benchmarkOf, comparisonOf, measuredOf, services, temporaryFolder } from './support';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const model = makeModel(makeGraph('g', { nodes: [makeNode({ name: 'relu', opType: 'Relu', inputs: ['x'], outputs: ['y'] })], inputs: [tensorValue('x', 'float32', [1, 1])], outputs: [tensorValue('y', 'float32', [1, 1])] }));

function samplesOf(...values: readonly number[]): SampleSource {
  return heldSamples(values.map((value) => ({ feeds: new Map([['x', float32Tensor('x', [1, 1], [value])]]) })), { kind: 'npy' });
}

describe('noise, by which remedies are chosen', () => {
  it('is measured on calibration samples, not on those that variants are judged on', async () => {
    let judged = 0;
    const data: SampleSource = { ...samplesOf(1), samples: (limit) => (judged++, samplesOf(1).samples(limit)) };
    const laboratory = new Laboratory({ source: model, file: { path: '' }, data, calibration: samplesOf(1, 2), settings: { provider: 'cpu', threads: 1, bindings: {} }, seed: 0, budgets: defaultBudgets, floor: undefined, services, work: detachedContext() });
    try {
      await laboratory.noise(model);
      expect(judged).toBe(0);
    } finally {
      laboratory.dispose();
    }
  });
});

describe('a test part', () => {
  it('is opened beside the others where the description asks for one', async () => {
    const path = join(folder.path, 'x.npy');
    writeFileSync(path, npy('<f4', [40, 1], new Uint8Array(160)));
    const { calibration, evaluation, test } = await openSplitSamples({ path, split: { calibration: 0.5, evaluation: 0.25, test: 0.25 } }, model);
    expect([calibration, evaluation, test].map((source) => [source?.description.split, source?.description.samples])).toEqual([['calibration', 20], ['evaluation', 10], ['test', 10]]);
    expect((await openSplitSamples(path, model)).test).toBeUndefined();
  });

  const trialOf = (id: string, latency: number): Trial => ({
    plan: { id, title: id, tag: id, steps: [] },
    report: { id, title: id, steps: [], status: 'accepted', reason: 'Faster.', uncalibrated: false },
    built: { model, steps: [], changing: [], uncalibrated: false, unchanged: false, predicted: {} },
    measured: measuredOf({ benchmark: benchmarkOf([latency, latency, latency]) }),
  });
  const judged = (agreement: number): Comparison => ({ ...comparisonOf({ name: 'agreement-top1', value: agreement, low: 0, high: 1, samples: 10 }), data: { kind: 'npy', samples: 10, split: 'test' } });
  const choose = async (agreement: number): Promise<{ readonly choice: Awaited<ReturnType<typeof chooseWinner>>; readonly looks: number }> => {
    let looks = 0;
    const bench = { confirm: () => Promise.resolve(benchmarkOf([0.4, 0.5, 0.6])), compareOnTest: () => { looks++; return Promise.resolve(judged(agreement)); }, floorOf: () => 0.99 };
    return { choice: await chooseWinner('latency', [trialOf('a', 0.6), trialOf('b', 0.5)], bench), looks };
  };

  it('gives the figure of the winner, and is looked at for it alone', async () => {
    const { choice, looks } = await choose(1);
    expect([choice.winner?.plan.id, looks]).toEqual(['b', 1]);
    expect(choice.variants.map(({ comparison }) => comparison?.data.split)).toEqual([undefined, 'test']);
  });

  it('refuses a winner that does not hold on it, and nothing else is chosen by it', async () => {
    const { choice, looks } = await choose(0.5);
    expect([choice.winner, looks]).toEqual([undefined, 1]);
    expect(choice.variants.map(({ status }) => status)).toEqual(['not-chosen', 'rejected']);
    expect(choice.variants[1]?.reason).toContain('test part');
  });
});
