// Parameters and arithmetic held against published counts: torchvision's and the papers', and those of the ONNX light models.
import { describe, expect, it } from 'vitest';
import { buildBert } from '../../samples/architectures/bert';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { buildResNet50 } from '../../samples/architectures/resnet50';
import { buildViT } from '../../samples/architectures/vit';
import { analyzeModel } from '../../src/analysis/analyze';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { listLightModels } from '../support/nodeTests';
import { sharedPath } from '../support/shared';

const mega = (count: number | null): number => Math.round((count ?? Number.NaN) / 1e5) / 10;

describe('architectures built with random weights', () => {
  it('ResNet-50 has 25,557,032 parameters and 4,089 million MACs at 224²', () => {
    const { totals } = analyzeModel(buildResNet50());
    expect(totals.parameters).toBe(25_557_032);
    expect(Math.round(mega(totals.macs))).toBe(4089);
  });

  it('MobileNetV2 has 3,504,872 parameters and 300.8 million MACs', () => {
    const { totals } = analyzeModel(buildMobileNetV2());
    expect(totals.parameters).toBe(3_504_872);
    expect(mega(totals.macs)).toBe(300.8);
  });

  // Source: tensorflow/models, research/slim/nets/mobilenet/README.md, with 1001 classes.
  it.each([
    [1.4, 224, 582, 6.06],
    [1, 192, 221, 3.47],
    [0.5, 160, 50, 1.95],
  ])('MobileNetV2 at width %d and %d² has %d million MACs and %d million parameters', (width, size, macs, parameters) => {
    const { totals } = analyzeModel(buildMobileNetV2({ width, size, classes: 1001 }));
    expect(Math.round(mega(totals.macs))).toBe(macs);
    expect(Math.abs(totals.parameters / 1e6 - parameters)).toBeLessThan(0.06);
  });

  it('ViT-B/16 has 86,567,656 parameters and 17,564 million MACs', () => {
    const { totals } = analyzeModel(buildViT());
    expect(totals.parameters).toBe(86_567_656);
    expect(Math.round(mega(totals.macs))).toBe(17_564);
  });

  it('BERT-base has 109,482,240 parameters and 11,174 million MACs at sequence 128', () => {
    const model = buildBert();
    const { totals, symbols } = analyzeModel(model, { bindings: { batch: 1, seq: 128 } });
    expect(symbols).toEqual(['batch', 'seq']);
    expect(totals.parameters).toBe(109_482_240);
    expect(Math.round(mega(totals.macs))).toBe(11_174);
  });

  it('BERT-base leaves no shape unknown while its sizes are open, and says that its arithmetic is', () => {
    const { layers, totals } = analyzeModel(buildBert({ layers: 1 }));
    expect(layers.flatMap(({ outputs }) => outputs).filter(({ shape }) => shape === undefined || shape.includes(null))).toEqual([]);
    expect(totals.macs).toBeNull();
  });
});

const light = listLightModels();

/** Million MACs. Sources as DATA.md: torchvision, the models' own papers. */
const published = new Map([
  ['resnet50', 4089],
  ['densenet121', 2834],
  ['vgg19', 19_632],
  ['bvlc_alexnet', 655],
  ['inception_v1', 1431],
  ['inception_v2', 2019],
  ['shufflenet', 125],
  ['squeezenet', 349],
  ['zfnet512', 1482],
]);

describe.skipIf(light.length === 0)('the light models, whose weights are ConstantOfShape nodes', () => {
  it.each(light)('$name has its published MACs', ({ name, model }) => {
    const { totals, types } = analyzeModel(readOnnxModel(model));
    expect(types.contradictions).toEqual([]);
    expect(Math.abs(mega(totals.macs) - (published.get(name) ?? 0))).toBeLessThanOrEqual(1);
  });

  it('counts the weights of ResNet-50 and VGG-19 as their papers do', () => {
    const parameters = new Map(light.map(({ name, model }) => [name, analyzeModel(readOnnxModel(model)).totals.parameters]));
    expect(parameters.get('resnet50')).toBe(25_557_032);
    expect(parameters.get('vgg19')).toBe(143_667_240);
  });
});

const silero = sharedPath('data/models/silero_vad_16k_op15.onnx');

describe.skipIf(silero === undefined)('Silero VAD', () => {
  it('has 309,633 parameters, those in the branches of its Ifs included', () => {
    const { totals, types } = analyzeModel(readOnnxModel(silero ?? ''), { bindings: { batch: 1, sequence: 512 } });
    expect(totals.parameters).toBe(309_633);
    expect(types.contradictions).toEqual([]);
    expect(totals.macs).not.toBeNull();
  });
});

if (light.length === 0) console.info('Models are not shared here: counts are held against the built architectures only.');
