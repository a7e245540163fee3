// What is said of single layers after an optimization: errors against the float form, and what a model's view takes from reports.
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import type { OptimizationReport } from '../../src/protocol/report';
import { layerErrors } from '../../src/recipes/layerErrors';
import { layerFiguresOf } from '../../src/recipes/layerFigures';
import { compareModels } from '../../src/runtime/compare';
import { openSamples } from '../../src/runtime/data/datasets';
import type { Feeds } from '../../src/runtime/data/samples';
import { quantizeStatic, staticOptions } from '../../src/techniques/quantize/static';
import { contextFor, smallNetwork, stopWorkbench } from '../techniques/quantize/support';
import { benchmarkOf, temporaryFolder } from './support';

const folder = temporaryFolder();
afterAll(() => {
  stopWorkbench();
  folder.remove();
});

const settings = { provider: 'cpu', threads: 1, bindings: {} } as const;

describe('errors layer by layer', () => {
  it('end at the output with what a comparison of the outputs finds, and name the nodes of the variant', async () => {
    const model = smallNetwork();
    const { model: variant } = await quantizeStatic.apply(model, staticOptions.parse({ preset: 'all', reduceRange: true }), await contextFor(model));
    const source = await openSamples(undefined, model, { seed: 7, limit: 1 });
    const samples: Feeds[] = [];
    for await (const feeds of source.samples(1)) samples.push(feeds);
    const errors = await layerErrors(model, variant, samples, {}, { settings, start: {}, ...detachedContext() });
    const [output] = (await compareModels(model, variant, source, { limit: 1 })).outputs;
    expect(errors.at(-1)?.sqnrDb).toBeCloseTo(output?.sqnrDb ?? NaN, 0);
    const names = new Set(variant.graph.nodes.map(({ name }) => name));
    expect(errors.length).toBeGreaterThan(8);
    expect(errors.filter(({ layer }) => !names.has(layer))).toEqual([]);
  });
});

describe('figures of layers from reports', () => {
  const model = join(folder.path, 'net.onnx');
  const variant = join(folder.path, 'net.int8.onnx');

  function writeReport(startedAt: string): void {
    const { machine } = benchmarkOf([1, 1, 1]);
    const report: OptimizationReport = {
      schema: 1,
      source: { path: model, sha256: '', fileBytes: 5, weightBytes: 1 },
      goal: 'latency',
      target: 'this machine',
      data: { kind: 'images', samples: 1 },
      settings,
      floor: { metric: '', minimum: 0 },
      seed: 0,
      variants: [{ id: 'int8', title: 'Int8', steps: [], status: 'accepted', reason: '', uncalibrated: false, path: variant, fileBytes: 7, layerErrors: [{ layer: 'conv', origins: ['constructor'], sqnrDb: 20 }] }],
      sensitivity: { layers: [{ layer: 'conv', op: 'Conv', origins: ['constructor', 'bn'], outputDb: 40, predictedDb: 30 }, { layer: 'late', op: 'Conv', origins: ['late'], predictedDb: 30 }], samples: 6, measured: 1, seconds: 1 },
      conclusion: '',
      machine,
      versions: {},
      startedAt,
      seconds: 1,
    };
    mkdirSync(join(folder.path, '.lathe'), { recursive: true });
    writeFileSync(join(folder.path, '.lathe', 'net.int8.report.json'), JSON.stringify(report));
  }

  it('are relative errors: 40 dB is one in a hundred, of the source under its own nodes, of the variant under its', () => {
    writeFileSync(model, 'model');
    writeFileSync(variant, 'variant');
    writeReport(new Date(Date.now() + 60_000).toISOString());
    const ofSource = layerFiguresOf(model);
    expect([...(ofSource.sensitivity ?? [])]).toEqual([['constructor', 0.01], ['bn', 0.01]]);
    expect(ofSource.layerError).toBeUndefined();
    const ofVariant = layerFiguresOf(variant);
    expect([...(ofVariant.layerError ?? [])]).toEqual([['conv', 0.1]]);
    expect(ofVariant.sensitivity).toBeUndefined();
  });

  it('are not taken for a file that changed since, nor where there is none', () => {
    writeFileSync(variant, 'another variant');
    utimesSync(model, new Date(), new Date(Date.now() + 120_000));
    expect(layerFiguresOf(model)).toEqual({});
    expect(layerFiguresOf(variant)).toEqual({});
    expect(layerFiguresOf(join(folder.path, 'gone.onnx'))).toEqual({});
  });
});
