// Shapes and costs of TensorFlow.js models: shapes as TensorFlow.js itself makes them, arithmetic as published, nothing guessed where an operator stands in the way.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findFindings } from '../../src/advice/findings';
import { analyzeModel } from '../../src/analysis/analyze';
import { openModel } from '../../src/formats/open';
import { lowerToOnnx } from '../../src/formats/tfjs/lower/lower';
import { defaultBindings } from '../../src/graph/defaultBindings';
import { inputSymbols } from '../../src/graph/inputs';
import type { Model } from '../../src/graph/model';
import { SourceFile } from '../../src/tensor/fileSource';
import { loadedByTfjs, publicTfjsModels } from '../support/tfjsModels';
import { floats, graphModel, int, type NodeInit, w, x } from '../formats/tfjs/lower/graphDef';
import { loadStored, onBackend, openStored, readStored, runTensorflow, seededFeeds, startTensorflow, type StoredModel } from '../formats/tfjs/lower/tensorflow';

const models = publicTfjsModels();
const named = (name: string): string => models.find((model) => model.name === name)?.path ?? '';
afterEach(() => vi.restoreAllMocks());

function analysed(path: string): ReturnType<typeof analyzeModel> {
  const model = openModel(path);
  try {
    return analyzeModel(model, { bindings: defaultBindings(model.graph) });
  } finally {
    model.dispose();
  }
}

const mega = (count: number | null): number => Math.round((count ?? Number.NaN) / 1e5) / 10;

/**
 * Million multiply-accumulates. nsfwjs's tell 5 classes apart where the published ones tell 1000: that is the difference.
 * Sources: MobileNetV2 1.4 in tensorflow/models, research/slim/nets/mobilenet/README.md (582, 1001 classes); Inception v3 in torchvision,
 * models/inception.py (5.713 G); MLPerf Tiny: Banbury et al., MLPerf Tiny Benchmark (2021).
 */
const published: Readonly<Record<string, number>> = {
  'nsfwjs mobilenet_v2_mid': 582 - (1792 * (1001 - 5)) / 1e6,
  'nsfwjs inception_v3': 5713 - (2048 * (1000 - 5)) / 1e6,
  'MLPerf Tiny pretrainedResnet': 12.5,
  'MLPerf Tiny vww_96': 7.5,
};

describe('the arithmetic of a public model', () => {
  it.each(Object.entries(published).filter(([name]) => named(name) !== ''))('%s is as published', (name, expected) => {
    const { totals } = analysed(named(name));
    expect(Math.abs(mega(totals.macs) / expected - 1)).toBeLessThan(0.002);
  });

  it.each(models)('$name is that of its nodes together, or unknown with the reason', ({ name, path }) => {
    const { layers, totals, notLowered } = analysed(path);
    if (name === 'language detection') {
      expect(totals).toMatchObject({ macs: null, flops: null, bytesMoved: null, peakActivationBytes: null });
      expect(notLowered).toContainEqual({ node: 'StringNGrams/StringNGrams/StringNGrams', op: 'StringNGrams', reason: 'ONNX has no operator that does this to texts' });
      return;
    }
    expect(notLowered).toEqual([]);
    expect(layers.reduce((sum, { macs }) => sum + (macs ?? Number.NaN), 0)).toBe(totals.macs);
    expect(totals.peakActivationBytes).toBeGreaterThan(0);
  });

  it('reads no weights but the few that shapes are made of', () => {
    const model = openModel(named('nsfwjs mobilenet_v2_mid'));
    let bytes = 0;
    const readInto = SourceFile.prototype.readInto;
    vi.spyOn(SourceFile.prototype, 'readInto').mockImplementation(function (this: SourceFile, target, position) {
      bytes += target.byteLength;
      readInto.call(this, target, position);
    });
    analyzeModel(model, { bindings: defaultBindings(model.graph) });
    expect(bytes).toBeLessThan(1024);
    model.dispose();
  });
});

describe('the shapes of a layers model', () => {
  it.each(models.filter(({ name }) => name.startsWith('MLPerf') || /mobilenet_v2$|inception/.test(name)))('$name are those TensorFlow.js gives its layers', async ({ path }) => {
    await startTensorflow();
    const theirs = await loadedByTfjs(path);
    const { layers } = analysed(path);
    const shapes = new Map(layers.map(({ key, outputs }) => [key, outputs[0]?.shape]));
    for (const layer of theirs.layers) if (layer.getClassName() !== 'InputLayer') expect(shapes.get(layer.name), layer.name).toEqual((layer.outputShape as (number | null)[]).map((size) => size ?? 1));
    theirs.dispose();
  });
});

describe('the shapes of a graph model', () => {
  it.each(models.filter(({ name }) => /antispoof|blazeface|facemesh|movenet|mid$/.test(name)))('$name are those of every value TensorFlow.js computes', async ({ path }) => {
    const model = openModel(path);
    const bindings = Object.fromEntries(inputSymbols(model.graph).map((name) => [name, 1]));
    const known = new Map(analyzeModel(model, { bindings }).layers.flatMap(({ outputs }) => outputs.map(({ name, shape, type }) => [name, { shape, type }])));
    const feeds = seededFeeds(lowerToOnnx(model).model?.graph ?? model.graph);
    const computed = await onBackend('wasm', async () => runTensorflow(await loadStored(readStored(path)), feeds, [...known.keys()]));
    expect(computed.size).toBe(known.size);
    for (const [name, { dims, elementType }] of computed) expect(known.get(name), name).toEqual({ shape: dims, type: elementType });
    model.dispose();
  });
});

const convolution = (name: string, input: string, kernel: string): NodeInit => ({ name, op: 'Conv2D', input: [input, kernel], attr: { strides: [1, 1, 1, 1], padding: 'SAME', data_format: 'NHWC' } });

function opened<T>(stored: StoredModel, use: (model: Model) => T): T {
  const model = openStored(stored);
  try {
    return use(model);
  } finally {
    model.dispose();
  }
}

describe('where a node has no counterpart', () => {
  const stored = graphModel(
    { image: x(1, 8, 8, 3), other: x(1, 8, 8, 3), k: w(3, 3, 3, 4), k2: w(3, 3, 4, 4) },
    [convolution('before', 'image', 'k'), { name: 'strange', op: 'Unheard', input: ['before'] }, convolution('after', 'strange', 'k2'), convolution('beside', 'other', 'k')],
    ['after', 'beside'],
  );
  const each = 8 * 8 * 9 * 3 * 4;

  it('what stands before and beside it is known, it and what follows are not, nor is the sum', () => {
    opened(stored, (model) => {
      const { layers, totals, notLowered } = analyzeModel(model);
      expect(layers.map(({ key, macs, activationBytes, outputs }) => [key, macs, activationBytes, outputs[0]?.shape])).toEqual(
        expect.arrayContaining([
          ['before', each, 8 * 8 * 4 * 4, [1, 8, 8, 4]],
          ['strange', null, null, undefined],
          ['after', null, null, undefined],
          ['beside', each, 8 * 8 * 4 * 4, [1, 8, 8, 4]],
        ]),
      );
      expect(totals).toMatchObject({ macs: null, flops: null, bytesMoved: null, peakActivationBytes: null, parameters: 9 * 3 * 4 + 9 * 4 * 4 });
      expect(notLowered).toEqual([{ node: 'strange', op: 'Unheard', reason: 'there is no rule for it' }]);
    });
  });

  it('a finding says so at the node', async () => {
    const model = openStored(stored);
    const findings = await findFindings(model, analyzeModel(model), { deep: false });
    expect(findings.filter(({ code }) => code === 'unknown-cost')).toEqual([{ code: 'unknown-cost', severity: 'information', layer: 'strange', message: 'What Unheard makes and costs is not known, nor what depends on it: there is no rule for it.', cost: {}, fixes: [] }]);
    model.dispose();
  });
});

describe('costs', () => {
  it('follow the sizes of open dimensions, and are unknown while one is open', () => {
    opened(graphModel({ image: x(-1, -1, 8, 3), k: w(3, 3, 3, 4) }, [convolution('c', 'image', 'k')], ['c']), (model) => {
      expect(analyzeModel(model).totals.macs).toBeNull();
      const at = (bindings: Record<string, number>): unknown => analyzeModel(model, { bindings }).layers.map(({ macs, outputs }) => [macs, outputs[0]?.shape]);
      expect(at({ 'image.0': 1, 'image.1': 8 })).toEqual([[64 * 108, [1, 8, 8, 4]]]);
      expect(at({ 'image.0': 5, 'image.1': 16 })).toEqual([[5 * 128 * 108, [5, 16, 8, 4]]]);
      expect(analyzeModel(model).layers[0]?.outputs[0]?.shape).toEqual(['image.0', 'image.1', 8, 4]);
    });
  });

  it('of a loop are those of all its rounds, at the node that loops', () => {
    const below = { name: 'below', inputs: ['i', 'v', 'm', 'n', 'u'], nodes: [{ name: 'less', op: 'Less', input: ['i', 'n'] }], results: { going: 'less:z:0' } };
    const body = { name: 'body', inputs: ['i', 'v', 'm', 'n', 'u'], nodes: [{ name: 'product', op: 'MatMul', input: ['v', 'm'] }, { name: 'next', op: 'AddV2', input: ['i', 'u'] }], results: { i: 'next:z:0', v: 'product:product:0', m: 'm', n: 'n', u: 'u' } };
    const loop: NodeInit = { name: 'while', op: 'StatelessWhile', input: ['i', 'v', 'm', 'n', 'u'], attr: { cond: { func: 'below' }, body: { func: 'body' } } };
    opened(graphModel({ i: int(0), v: x(2, 4), m: w(4, 4), n: int(3), u: int(1) }, [loop, { name: 'result', op: 'Identity', input: ['while:1'] }], ['result'], [below, body]), (model) => {
      const { layers, totals } = analyzeModel(model);
      expect(layers.map(({ key, macs }) => [key, macs])).toEqual([['while', 3 * 2 * 4 * 4], ['result', 0]]);
      expect(totals.macs).toBe(96);
    });
  });

  it('of a node that no output needs are none: it never runs', () => {
    opened(graphModel({ image: x(1, 8, 8, 3), k: w(3, 3, 3, 4), one: floats([1]) }, [convolution('needed', 'image', 'k'), convolution('dead', 'image', 'k')], ['needed']), (model) => {
      expect(analyzeModel(model).layers.map(({ key, macs }) => [key, macs]).sort()).toEqual([['dead', 0], ['needed', 64 * 108]]);
    });
  });

  it('make a layer with much of the arithmetic a finding', async () => {
    const model = openModel(named('nsfwjs mobilenet_v2_mid'));
    const found = await findFindings(model, analyzeModel(model, { bindings: defaultBindings(model.graph) }), { deep: false });
    expect(found.some(({ code, message, cost }) => code === 'oversized-layer' && /MACs .* of the arithmetic/.test(message) && (cost.macs ?? 0) > 0)).toBe(true);
    model.dispose();
  });
});
