// TensorFlow.js models in memory: written for the runner, they compute to the bit what their file computes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/open';
import { cloneModel } from '../../src/graph/construct';
import { compareModels } from '../../src/runtime/compare';
import { openSamples } from '../../src/runtime/data/datasets';
import { Runner } from '../../src/runtime/runner';
import { publicTfjsModels } from '../support/tfjsModels';

/** Their seeded inputs are no pictures or texts their loops come to an end with, or they take a minute. */
const unfit = /handtrack|inception/;

describe.each(publicTfjsModels().filter(({ name }) => !unfit.test(name)))('$name', ({ path }) => {
  let runner: Runner;
  beforeAll(async () => {
    runner = await Runner.start();
  });
  afterAll(() => runner.dispose());

  it('computes in memory what its file computes', async () => {
    const model = openModel(path);
    const data = await openSamples(undefined, model, { limit: 1 });
    const { outputs } = await compareModels({ path }, cloneModel(model), data, { runner });
    expect(outputs.length).toBe(model.graph.outputs.length);
    expect(outputs.filter(({ bitEqual }) => !bitEqual)).toEqual([]);
    model.dispose();
  });

  it('reads back and computes the same where nothing of its file is at hand and all is encoded anew', async (context) => {
    const model = openModel(path);
    if (model.format === 'tfjs-layers' || model.functions.length > 0) return context.skip('Only graphs without functions are written without their file.');
    const anew = { ...cloneModel(model), path: undefined };
    const data = await openSamples(undefined, model, { limit: 1 });
    const { outputs } = await compareModels({ path }, anew, data, { runner });
    expect(outputs.filter(({ bitEqual }) => !bitEqual)).toEqual([]);
    model.dispose();
  });
});
