// Dynamic int8: products become one int8 kernel each, close to float, without data.
import { afterAll, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/graph/builder';
import { assertValid } from '../../../src/graph/verify';
import { dynamicOptions, quantizeDynamic } from '../../../src/techniques/quantize/dynamic';
import { contextFor, count, optimisedOperators, smallNetwork, sqnrBetween, stopWorkbench, twoProducts } from './support';

afterAll(stopWorkbench);

describe('dynamic int8', () => {
  it('turns MatMul with constant weights into the runtime’s fused kernels', async () => {
    const model = twoProducts();
    const result = await quantizeDynamic.apply(model, dynamicOptions.parse({}), await contextFor(model));
    assertValid(result.model);
    const operators = await optimisedOperators(result.model);
    expect(count(operators, 'DynamicQuantizeMatMul') + count(operators, 'MatMulIntegerToFloat')).toBe(2);
    expect(count(operators, 'MatMul')).toBe(0);
    expect(result.uncalibrated).toBe(false);
    expect(await sqnrBetween(model, result.model)).toBeGreaterThan(30);
  });

  it('transposes the weight of a Gemm that asks for it, and keeps its bias', async () => {
    const builder = new GraphBuilder('gemm', { opset: 13 });
    const root = builder.module('');
    const x = builder.input('x', 'float32', [4, 40]);
    const weight = root.weight('weight', [30, 40], { standardDeviation: 0.15 });
    const bias = root.weight('bias', [30], { standardDeviation: 0.15 });
    builder.output(root.node('Gemm', [x, weight, bias], { transB: 1 }), 'float32', [4, 30], 'y');
    const model = builder.build();
    const { model: result } = await quantizeDynamic.apply(model, dynamicOptions.parse({}), await contextFor(model));
    expect(await sqnrBetween(model, result)).toBeGreaterThan(30);
  });

  it('leaves convolutions alone', async () => {
    const model = smallNetwork();
    const { model: result } = await quantizeDynamic.apply(model, dynamicOptions.parse({ leastElements: 0 }), await contextFor(model));
    expect(result.graph.nodes.filter((node) => node.opType === 'Conv')).toHaveLength(4);
    expect(result.graph.nodes.filter((node) => node.opType === 'MatMulInteger')).toHaveLength(1);
  });

  it('does not apply where there is no product', () => {
    const builder = new GraphBuilder('none');
    builder.output(builder.module('').node('Relu', [builder.input('x', 'float32', [1])]), 'float32', [1], 'y');
    expect(quantizeDynamic.applies(builder.build())).toMatch(/no MatMul or Gemm/);
  });
});
