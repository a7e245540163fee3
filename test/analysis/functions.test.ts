// Calls of a model's own functions: they cost what their bodies would cost in their place.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toLayerSummaries } from '../../src/analysis/inspection';
import { buildSnapshot } from '../../src/analysis/snapshot';
import type { Model } from '../../src/graph/model';
import { nodeKeys } from '../../src/graph/traverse';
import type { ModelSnapshot } from '../../src/protocol/view';
import { analyzeModel } from '../../src/analysis/analyze';
import { inlineFunctions } from '../../src/techniques/inline/inline';
import { header, modelsBeyondTheRuntime, modelsWithFunctions, modelWith, nested, nestedModel } from '../techniques/inline/models';

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

const block = `${header()} block <by: float = 2.0> (a) => (b) { ["first"] h = own.scale <factor: float = @by> (a) ["act"] r = Relu (h) ["second"] b = own.scale (r) }
${header()} scale <factor: float = 1.5> (a) => (b) { f = Constant <value_float: float = @factor> () ["mul"] b = Mul (a, f) }`;

function snapshotOf(source: Model): ModelSnapshot {
  const { model, sites } = inlineFunctions(source);
  return buildSnapshot(model, analyzeModel(model), [], sites);
}

/** Groups as paths of names, and the layers in them. */
function outline({ groups, layers }: ModelSnapshot): string[] {
  const path = (id: number): string => (id === 0 ? '' : `${path(groups[id]?.parent ?? 0)}/${groups[id]?.kind ?? ''} ${groups[id]?.name ?? ''}`);
  return layers.keys.map((key, i) => `${path(layers.group[i] ?? 0)}: ${key}`);
}

describe('the snapshot of a model with functions', () => {
  const source = modelWith('["one"] h = own.block (x)\n["mid"] n = Neg (h)\ny = own.block (n)', block);

  it('has the body of each call in a group, calls within it too', () => {
    expect(outline(snapshotOf(source))).toEqual([
      '/function one · block/function first · scale: one/first/mul',
      '/function one · block: one/act',
      '/function one · block/function second · scale: one/second/mul',
      ': mid',
      '/function block/function first · scale: block/first/mul',
      '/function block: block/act',
      '/function block/function second · scale: block/second/mul',
    ]);
  });

  it('leads edges through, as if there were no calls', () => {
    const { edges } = snapshotOf(source);
    expect(Array.from({ length: edges.length / 2 }, (_, i) => [edges[2 * i], edges[2 * i + 1]])).toEqual([[-1, 0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6], [6, -1]]);
  });

  it('gives each group the key of its call, and its layers what the call costs', () => {
    const { groups, layers } = snapshotOf(source);
    for (const { key, node, flops } of analyzeModel(source).layers) {
      if (node.domain !== 'own') continue;
      const group = groups.find(({ call }) => call === key);
      let sum = 0;
      for (let i = 0; i < layers.count; i++) {
        let at = layers.group[i] ?? 0;
        while (at > 0 && at !== group?.id) at = groups[at]?.parent ?? 0;
        if (at === group?.id) sum += layers.flops[i] ?? 0;
      }
      expect(sum).toBe(flops);
      expect(flops).toBe(18);
    }
    const keys = new Set(nodeKeys(source.graph).values());
    expect(groups.filter(({ call }) => call !== undefined && keys.has(call))).toHaveLength(2);
  });

  it('finds blocks of calls that repeat', () => {
    const calls = Array.from({ length: 12 }, (_, i) => `v${i + 1} = own.scale (v${i})\nw${i + 1} = Relu (v${i + 1})`.replaceAll(/\(v0\)/g, '(x)')).join('\n');
    const { groups } = snapshotOf(modelWith(`${calls}\ny = Neg (w12)`, block.split('\n')[1] ?? ''));
    expect(groups.filter(({ kind }) => kind === 'function')).toHaveLength(12);
    expect(groups.filter(({ kind }) => kind === 'block').length).toBeGreaterThan(0);
  });
});

describe('the inspection', () => {
  it('says of a call which function of the model it calls', () => {
    const source = modelWith('h = own.block (x)\ny = Neg (h)', block);
    expect(toLayerSummaries(analyzeModel(source)).map((layer) => layer.function)).toEqual(['own::block', undefined]);
  });
});

describe('functions nested at random', () => {
  it('cost in their calls what they cost in place, and are groups that lie within each other as the calls do', () => {
    fc.assert(
      fc.property(nested, (bodies) => {
        const source = nestedModel(bodies);
        const { parameters, macs, flops, bytesMoved } = analyzeModel(source).totals;
        expect(analyzeModel(inlineFunctions(source).model).totals).toMatchObject({ parameters, macs, flops, bytesMoved });
        const { groups, layers } = snapshotOf(source);
        const inside = new Array<number>(groups.length).fill(0);
        for (const id of layers.group) for (let at = id; at >= 0; at = groups[at]?.parent ?? -1) inside[at] = (inside[at] ?? 0) + 1;
        groups.forEach((group, id) => expect([group.id, group.layers, group.parent < id]).toEqual([id, inside[id], true]));
        const calls = groups.flatMap(({ call }) => call ?? []);
        expect(new Set([...calls, ...layers.keys]).size).toBe(calls.length + layers.count);
      }),
      { numRuns: 60 },
    );
  });
});
