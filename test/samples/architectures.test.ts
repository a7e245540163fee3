// The generated architectures have the parameter counts that their papers and torchvision's model pages publish.
import { describe, expect, it } from 'vitest';
import { buildBert } from '../../samples/architectures/bert';
import { buildLarge } from '../../samples/architectures/large';
import { buildManyNodes } from '../../samples/architectures/many';
import { buildMobileNetV2 } from '../../samples/architectures/mobilenetv2';
import { buildResNet50 } from '../../samples/architectures/resnet50';
import { buildViT } from '../../samples/architectures/vit';
import type { Model } from '../../src/graph/model';
import { elementCount } from '../../src/tensor/tensor';

/** Trainable numbers: float initializers that are neither running statistics nor scalar constants. */
function trainable(model: Model): number {
  let count = 0;
  for (const { name, elementType, dims } of model.graph.initializers.values())
    if (elementType === 'float32' && dims.length > 0 && !/running_(mean|var)$/.test(name)) count += elementCount(dims);
  return count;
}

describe('generated architectures', () => {
  it.each([
    ['ResNet-50', () => buildResNet50(), 25_557_032],
    ['MobileNetV2', () => buildMobileNetV2(), 3_504_872],
    ['ViT-B/16', () => buildViT(), 86_567_656],
    ['BERT-base', () => buildBert(), 109_482_240],
  ])('%s has the published number of parameters', (_name, build, published) => {
    expect(trainable(build())).toBe(published);
  });

  it('a large model has the bytes asked for without holding them', () => {
    const before = process.memoryUsage().rss;
    const model = buildLarge(1.5e9);
    const bytes = [...model.graph.initializers.values()].reduce((sum, tensor) => sum + tensor.source.byteLength, 0);
    expect(Math.abs(bytes / 1.5e9 - 1)).toBeLessThan(0.01);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });

  it('a graph of many nodes has exactly that many, named or not', () => {
    expect(buildManyNodes(20_000).graph.nodes).toHaveLength(20_000);
    expect(buildManyNodes(1000, { named: false }).graph.nodes.every((node) => node.name === '')).toBe(true);
  });
});
