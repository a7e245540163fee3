// Calls of a model's own functions: they cost what their bodies would cost in their place.
import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../src/analysis/analyze';
import { inlineFunctions } from '../../src/techniques/inline/inline';
import { header, modelsBeyondTheRuntime, modelsWithFunctions, modelWith } from '../techniques/inline/models';

describe('a call of a function', () => {
  it.each([...Object.entries(modelsWithFunctions).map(([name, make]) => [name, make()] as const), ...Object.entries(modelsBeyondTheRuntime).map(([name, [source]]) => [name, source] as const)])('costs what its body does: %s', (_, source) => {
    const { parameters, weightBytes, macs, flops, bytesMoved } = analyzeModel(source).totals;
    expect(analyzeModel(inlineFunctions(source).model).totals).toMatchObject({ parameters, weightBytes, macs, flops, bytesMoved });
    expect(flops).not.toBeNull();
  });

  it('costs what is known of its body where an operator in it is unknown', () => {
    const source = modelWith('y = own.f (x)', `${header().replace(']', ', "acme" : 1]')} f (a) => (b) { m = acme.Mystery (a) b = MatMul (a, m) n = Neg (a) }`);
    expect(analyzeModel(source).totals).toEqual({ ...analyzeModel(inlineFunctions(source).model).totals, nodes: 1 });
  });
});
