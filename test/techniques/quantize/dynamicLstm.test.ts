// LSTM in dynamic int8: what the runtime runs, and how close it stays.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';
import { dynamicOptions, quantizeDynamic } from '../../../src/techniques/quantize/dynamic';
import { tensorFromArray } from '../../../src/tensor/tensor';
import { contextFor, count, optimisedOperators, sqnrBetween, stopWorkbench } from './support';

afterAll(stopWorkbench);

const [steps, inputs, hidden] = [7, 24, 32];

function lstm(direction: 'forward' | 'bidirectional', extra: Record<string, number> = {}): Model {
  const directions = direction === 'forward' ? 1 : 2;
  const builder = new GraphBuilder('lstm', { seed: 9, opset: 14 });
  const root = builder.module('');
  const x = builder.input('x', 'float32', [steps, 2, inputs]);
  const weight = (name: string, ...dims: number[]): string => root.weight(name, dims, { standardDeviation: 0.25 });
  builder.output(root.node('LSTM', [x, weight('w', directions, 4 * hidden, inputs), weight('r', directions, 4 * hidden, hidden), weight('b', directions, 8 * hidden)], { hidden_size: hidden, direction, ...extra }), 'float32', [steps, directions, 2, hidden], 'y');
  return builder.build();
}

const quantized = async (model: Model, options: Record<string, unknown> = {}) => quantizeDynamic.apply(model, dynamicOptions.parse({ reduceRange: false, ...options }), await contextFor(model));

describe('dynamic int8 of an LSTM', () => {
  it.each(['forward', 'bidirectional'] as const)('runs a %s one with int8 weights, close to the float one', async (direction) => {
    const model = lstm(direction);
    const { model: result, unchanged } = await quantized(model);
    assertValid(result);
    expect(unchanged).toBe(false);
    expect(count(await optimisedOperators(result), 'DynamicQuantizeLSTM')).toBe(1);
    expect(await sqnrBetween(model, result)).toBeGreaterThan(30);
    expect([...result.graph.initializers.values()].filter(({ elementType, dims }) => elementType === 'float32' && dims.length === 3)).toHaveLength(0);
  });

  it('leaves float what is asked for, batch-major, or not finite', async () => {
    const model = lstm('forward');
    const key = model.graph.nodes[0]?.name ?? '';
    expect((await quantized(model, { keepFloat: [key] })).unchanged).toBe(true);
    expect(quantizeDynamic.applies(lstm('forward', { layout: 1 }))).toMatch(/no LSTM/);
    model.graph.initializers.set('w', tensorFromArray('w', 'float32', [1, 4 * hidden, inputs], new Float32Array(4 * hidden * inputs).fill(NaN)));
    expect((await quantized(model)).kept[0]?.reason).toMatch(/NaN/);
  });
});
