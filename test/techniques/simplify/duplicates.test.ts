// Weights are joined for what they hold, not for a hash that others can share.
import { afterAll, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import type { Tensor } from '../../../src/tensor/tensor';
import { collidingElement, collidingTensors } from '../../support/hashCollision';
import { simplifyAndCompare, stopRunner } from './support';

afterAll(stopRunner);

it('joins equal weights, and keeps apart two that only share a hash', async () => {
  const joined = async ([first, second]: readonly [Tensor, Tensor]): Promise<{ readonly left: number; readonly bitEqual: boolean | undefined }> => {
    const builder = new GraphBuilder('alike', { opset: 13 });
    const at = builder.module('');
    const product = at.node('Mul', [builder.input('x', 'float32', [4096]), builder.initializer(first)]);
    const difference = at.node('Sub', [product, builder.initializer(second)]);
    builder.output(at.node('Slice', [difference, at.int64('from', [collidingElement]), at.int64('to', [collidingElement + 1])]), 'float32', [1], 'y');
    const { model, outputs } = await simplifyAndCompare(builder.build());
    return { left: [...model.graph.initializers.values()].filter((tensor) => tensor.elementType === 'float32').length, bitEqual: outputs[0]?.bitEqual };
  };
  const [a, b] = collidingTensors('a', 'b');
  expect(await joined([a, { ...a, name: 'b' }])).toEqual({ left: 1, bitEqual: true });
  expect(await joined([a, b])).toEqual({ left: 2, bitEqual: true });
});
