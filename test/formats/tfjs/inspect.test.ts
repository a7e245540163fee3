// What is known of a TensorFlow.js model without running it: counts as TensorFlow.js has them and as this project has them, and what is not there yet.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelFile as modelFileOf, openModel } from '../../../src/formats/open';
import { makeEditedCopy } from '../../../src/formats/editedCopy';
import { inspect } from '../../../src/engine/service';
import { asyncRefusal } from '../../support/models';
import { decodedByTfjs, loadedByTfjs, modelDocument, publicTfjsModels } from '../../support/tfjsModels';

const models = publicTfjsModels();

describe.each(models)('$name', ({ path }) => {
  it('is inspected: all weights counted, costs where they are known, no fix offered', async () => {
    const inspection = await inspect(path, { deep: true });
    const decoded = decodedByTfjs(path);
    expect(inspection.weightElements).toBe([...decoded.values()].reduce((sum, { size }) => sum + size, 0));
    for (const tensor of decoded.values()) tensor.dispose();
    expect(inspection.parameters).toBeLessThanOrEqual(inspection.weightElements ?? 0);
    expect(inspection.macs === null, 'costs are unknown').toBe(inspection.findings.some(({ code }) => code === 'unknown-cost'));
    expect(inspection.layers.every(({ macs }) => macs !== null)).toBe(inspection.macs !== null);
    expect(inspection.findings.flatMap(({ fixes }) => fixes)).toEqual([]);
    expect(inspection.findings.filter(({ code }) => code === 'unknown-operator')).toEqual([]);
    const shards = modelDocument(path).weightsManifest.flatMap(({ paths }) => paths);
    expect(inspection.fileBytes).toBe([path, ...shards.map((shard) => join(dirname(path), shard))].reduce((sum, file) => sum + statSync(file).size, 0));
    // Weights are counted as they are stored, not as TensorFlow.js expands them.
    expect(inspection.weightBytes).toBeLessThanOrEqual(inspection.fileBytes);
  });
});

describe.each(models.filter(({ name }) => name.startsWith('MLPerf') || /mobilenet_v2$|inception/.test(name)))('$name', ({ path }) => {
  it('has as parameters what is learned: all weights but moving means and variances', async () => {
    const theirs = await loadedByTfjs(path);
    const learned = theirs.weights.filter(({ originalName }) => !originalName.includes('/moving_')).reduce((sum, weight) => sum + weight.read().size, 0);
    const statistics = theirs.weights.filter(({ originalName }) => originalName.includes('/moving_')).reduce((sum, weight) => sum + weight.read().size, 0);
    const inspection = await inspect(path);
    expect(inspection.parameters).toBe(learned);
    expect(inspection.weightElements).toBe(learned + statistics);
    theirs.dispose();
  });
});

describe('what is not there yet for TensorFlow.js', () => {
  const [{ path } = { path: '' }] = models;
  const refused = (done: string): object => ({ code: 'unsupported', message: `A TensorFlow.js model cannot be ${done} yet: it can be viewed, checked, run, optimized, and converted to ONNX.`, file: path });

  it('says so', async () => {
    const model = openModel(path, modelFileOf(path, false));
    expect(await asyncRefusal(async () => await makeEditedCopy(model, new AbortController().signal))).toMatchObject(refused('edited as a copy'));
    model.dispose();
  });
});
