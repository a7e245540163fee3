// Parameters and MACs of known architectures against their published counts (torchvision, fvcore, the papers).
import { describe, expect, it } from 'vitest';
import { buildBert } from '../../samples/architectures/bert';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { buildResNet50 } from '../../samples/architectures/resnet50';
import { buildViT } from '../../samples/architectures/vit';
import { analyzeModel } from '../../src/analysis/analyze';
import type { Model } from '../../src/graph/model';

interface Published {
  readonly name: string;
  readonly build: () => Model;
  readonly parameters: number;
  /** Millions, as published: rounded to the digits given. */
  readonly mmacs: number;
  readonly digits: number;
  readonly bindings?: Readonly<Record<string, number>>;
}

const published: readonly Published[] = [
  { name: 'ResNet-50', build: () => buildResNet50(), parameters: 25_557_032, mmacs: 4089, digits: 0 },
  { name: 'MobileNetV2', build: () => buildMobileNetV2(), parameters: 3_504_872, mmacs: 300.8, digits: 1 },
  { name: 'ViT-B/16', build: () => buildViT(), parameters: 86_567_656, mmacs: 17_564, digits: 0 },
  { name: 'BERT-base', build: () => buildBert(), parameters: 109_482_240, mmacs: 11_174, digits: 0, bindings: { batch: 1, batch_size: 1, sequence: 128, seq: 128, sequence_length: 128 } },
];

describe('the analysis of published architectures', () => {
  it.each(published)('counts the parameters and MACs of $name', ({ build, parameters, mmacs, digits, bindings }) => {
    const { totals } = analyzeModel(build(), { bindings: bindings ?? { batch: 1 } });
    expect(totals.parameters).toBe(parameters);
    expect(Number(((totals.macs ?? 0) / 1e6).toFixed(digits))).toBe(mmacs);
  });
});
