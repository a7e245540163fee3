// The builder names things as PyTorch's exporter does and its random weights are the same however they are read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder, scopeOf } from '../../src/graph/builder';
import { seededTensor } from '../../src/tensor/seeded';

describe('GraphBuilder', () => {
  it('writes module paths as the scopes that torch.onnx exports', () => {
    // Node names of torchvision's resnet50 and mobilenet_v2, exported by torch.onnx 2.1.
    expect(scopeOf('layer1.0.conv1')).toBe('/layer1/layer1.0/conv1');
    expect(scopeOf('features.1.conv.0.0')).toBe('/features/features.1/conv/conv.0/conv.0.0');
    expect(scopeOf('')).toBe('');
  });

  it('numbers repeated operators of one scope and names values after their node', () => {
    const builder = new GraphBuilder('g');
    const at = builder.module('a');
    const x = builder.input('x', 'float32', ['n', 2]);
    expect(at.node('Relu', [x])).toBe('/a/Relu_output_0');
    expect(at.node('Relu', [x])).toBe('/a/Relu_1_output_0');
  });

  it('renames an output in the node that makes it and in those that read it', () => {
    const builder = new GraphBuilder('g');
    const at = builder.module('');
    const relu = at.node('Relu', [builder.input('x', 'float32', [2])]);
    at.node('Abs', [relu]);
    builder.output(relu, 'float32', [2], 'y');
    const { graph } = builder.build();
    expect(graph.nodes.map((node) => [node.inputs, node.outputs])).toEqual([
      [['x'], ['y']],
      [['y'], ['/Abs_output_0']],
    ]);
  });
});

describe('a seeded tensor', () => {
  it('has the mean and deviation asked for', () => {
    const values = new Float32Array(seededTensor('w', [100_000], 1, { mean: 3, standardDeviation: 2 }).source.read().slice().buffer);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // Standard error of the mean is 2/√100000 ≈ 0.006.
    expect(Math.abs(mean - 3)).toBeLessThan(0.03);
    expect(Math.abs(Math.sqrt(variance) - 2)).toBeLessThan(0.03);
  });

  it('gives the same bytes read whole or in pieces from any offset', () => {
    const { source } = seededTensor('w', [50], 4);
    const whole = source.read();
    fc.assert(
      fc.property(fc.nat(199), fc.nat(60), (offset, length) => {
        const end = Math.min(200, offset + length);
        expect(source.read(offset, end - offset)).toEqual(whole.subarray(offset, end));
      }),
    );
  });

  it('differs from one name to another and from one seed to another', () => {
    const bytes = (name: string, seed: number): string => Buffer.from(seededTensor(name, [8], seed).source.read()).toString('hex');
    expect(new Set([bytes('a', 1), bytes('b', 1), bytes('a', 2)]).size).toBe(3);
  });
});
