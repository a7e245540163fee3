// Inlining a model's own functions: outputs stay equal to the last bit, names free, and what cannot be inlined stays, with the reason.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { functionLabel } from '../../../src/analysis/functions';
import { matchModels } from '../../../src/analysis/match';
import { printModel } from '../../../src/formats/text/print';
import type { Model } from '../../../src/graph/model';
import { walkNodes } from '../../../src/graph/traverse';
import { verifyModel } from '../../../src/graph/verify';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { inlineFunctions } from '../../../src/techniques/inline/inline';
import { sharedRunner, stopRunner } from '../simplify/support';
import { header, modelsBeyondTheRuntime, modelsWithFunctions, modelWith, nested, nestedModel } from './models';

afterAll(stopRunner);

async function bitEqual(before: Model, after: Model): Promise<boolean[]> {
  const { outputs } = await compareModels(before, after, await openSamples(undefined, before, { seed: 5, limit: 2 }), { runner: await sharedRunner() });
  return outputs.map((output) => output.bitEqual);
}

const operators = (model: Model): string[] => [...walkNodes(model.graph)].map(({ node }) => `${node.domain === '' ? '' : `${node.domain}.`}${node.opType}`);

/** Inlines all, and checks what holds of every result. */
function inlined(source: Model): Model {
  const { model, kept } = inlineFunctions(source);
  expect(kept).toEqual([]);
  expect(verifyModel(model)).toEqual([]);
  expect(model.functions).toEqual([]);
  expect([...model.opsetImports.keys()]).toEqual(['']);
  const names = [...walkNodes(model.graph)].map(({ node }) => node.name).filter((name) => name !== '');
  expect(new Set(names).size).toBe(names.length);
  return model;
}

describe('inlining keeps the outputs, and leaves no call, with', () => {
  it.each(Object.entries(modelsWithFunctions))('%s', async (_, make) => {
    const source = make();
    expect(await bitEqual(source, inlined(source))).toEqual(source.graph.outputs.map(() => true));
  });

  it.each(Object.entries(modelsBeyondTheRuntime))('%s', async (_, [source, reference]) => {
    expect(await bitEqual(reference, inlined(source))).toEqual(source.graph.outputs.map(() => true));
  });
});

describe('inlining', () => {
  const twice = `${header()} twice (a) => (b) { ["add"] b = Add (a, a) }`;
  const outer = `${header()} outer (a) => (b) { c = own.twice (a) b = own.twice (c) }`;

  it('names nodes and values after the call, and gives them its origin', () => {
    const source = modelWith('["block"] h = own.twice (x)\ny = own.twice (h)', twice);
    const nodes = inlined(source).graph.nodes;
    expect(nodes.map(({ name, outputs }) => [name, outputs])).toEqual([['block/add', ['h']], ['twice/add', ['y']]]);
    expect(nodes.map(({ origin }) => origin)).toEqual([['block'], source.graph.nodes[1]?.origin]);
    expect(matchModels(source, inlineFunctions(source).model)).toMatchObject({ onlyBefore: [], onlyAfter: [] });
  });

  it("keeps the nodes' metadata, and the call's where they have none of the kind", () => {
    const source = modelWith('y = own.twice (x)', twice);
    const [call] = source.graph.nodes;
    const [add] = source.functions[0]?.nodes ?? [];
    if (call === undefined || add === undefined) throw new Error('no nodes');
    call.metadata = [['scope', 'call'], ['from', 'call']];
    add.metadata = [['scope', 'body']];
    expect(inlineFunctions(source).model.graph.nodes[0]?.metadata).toEqual([['scope', 'body'], ['from', 'call']]);
  });

  it('keeps types of the body, without its symbols', () => {
    const source = modelWith('y = own.neg (x)', `${header()} neg (float[N, 3] a) => (b) <float[N, 3] t> { t = Add (a, a) b = Neg (t) }`);
    const [[name, { type } = {}] = []] = inlined(source).graph.valueInfo;
    expect([name, type]).toEqual(['neg/t', { kind: 'tensor', elementType: 'float32', shape: [undefined, 3] }]);
  });

  it('leaves the source as it was', () => {
    const source = modelWith('y = own.outer (x)', `${outer}\n${twice}`);
    const before = printModel(source);
    inlineFunctions(source);
    expect(printModel(source)).toBe(before);
  });

  it('replaces only the functions asked for, in the bodies of others too', async () => {
    const source = modelWith('h = own.outer (x)\ny = own.twice (h)', `${outer}\n${twice}`);
    const { model, inlined: done } = inlineFunctions(source, { wanted: ({ name }) => name === 'twice' });
    expect(operators(model)).toEqual(['own.outer', 'Add']);
    expect(model.functions.map((body) => [functionLabel(body), body.nodes.map(({ opType }) => opType)])).toEqual([['own::outer', ['Add', 'Add']]]);
    expect(done).toEqual([{ function: 'own::twice', calls: 3 }]);
    expect(await bitEqual(source, model)).toEqual([true]);
    const other = inlineFunctions(source, { wanted: ({ name }) => name === 'outer' }).model;
    expect(operators(other)).toEqual(['own.twice', 'own.twice', 'own.twice']);
    expect(other.functions.map(({ name }) => name)).toEqual(['twice']);
    expect(await bitEqual(source, other)).toEqual([true]);
  });

  it('raises an older body within a function that stays', async () => {
    const outer = `${header()} outer (a) => (b) { c = own.sum (a) b = Neg (c) }`;
    const source = modelWith('y = own.outer (x)', `${outer}\n${header(11)} sum (a) => (b) { u = Unsqueeze <axes = [0]> (a) b = ReduceSum <axes = [0], keepdims = 0> (u) }`);
    const { model, kept } = inlineFunctions(source, { wanted: ({ name }) => name === 'sum' });
    expect(kept).toEqual([]);
    expect(verifyModel(model)).toEqual([]);
    expect(model.functions.map(({ nodes }) => nodes.map(({ opType }) => opType))).toEqual([['Constant', 'Constant', 'Unsqueeze', 'ReduceSum', 'Neg']]);
    expect(await bitEqual(modelWith('y = Neg (x)', ''), model)).toEqual([true]);
  });

  it.each([
    ['is written in a newer opset than the model', modelWith('y = own.f (x)', `${header(21)} f (a) => (b) { b = Neg (a) }`), 'It is written in version 21 of ai.onnx, its calls stand in version 17: raise the model to opset 21 first.'],
    ['gives out an input that the call leaves out', modelWith('y, z = own.f (x)', `${header()} f (a, c) => (b, c) { b = Neg (a) }`), 'The call y does not fit the function f: its output z would be the input c, which it leaves out.'],
    ['has fewer inputs than the call', modelWith('y = own.f (x, x)', `${header()} f (a) => (b) { b = Neg (a) }`), 'The call y does not fit the function f: it has 2 inputs, the function 1.'],
    ['has operators that changed in a way that is not mechanical', modelWith('y = own.f (x)', `${header(5)} f (a) => (b) { n = Constant <value = int64 {2}> () c = Cast <to = "FLOAT"> (n) b = Tile (a, n, n) }`), expect.stringMatching(/^The opset cannot be raised: Tile changed in version 6/) as string],
  ])('keeps a function that %s, with its call', (_, source, reason) => {
    const { model, kept, inlined: done } = inlineFunctions(source);
    expect(kept).toEqual([{ function: 'own::f', calls: 1, reason }]);
    expect(done).toEqual([]);
    expect(printModel(model)).toBe(printModel(source));
  });

  it('keeps a function within another that hands on what may be left out', () => {
    const source = modelWith('y = own.outer (x)', `${header()} outer <by> (a) => (c) { c = own.scale <factor: float = @by> (a) }\n${header()} scale <factor: float = 2.0> (a) => (b) { f = Constant <value_float: float = @factor> () b = Mul (a, f) }`);
    expect(inlineFunctions(source, { wanted: ({ name }) => name === 'scale' }).kept).toMatchObject([{ function: 'own::scale', reason: 'own::outer hands on its attribute by, for which own::scale has a default of its own.' }]);
  });

  it('ends where calls of calls come to more nodes than a model may have', () => {
    const functions = Array.from({ length: 40 }, (_, i) => `${header()} f${i} (a) => (b) { c = own.f${i + 1} (a) b = own.f${i + 1} (c) }`);
    const source = modelWith('y = own.f0 (x)', `${functions.join('\n')}\n${header()} f40 (a) => (b) { b = Neg (a) }`);
    expect(() => inlineFunctions(source)).toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});

describe('functions nested at random', () => {
  it('are inlined with equal outputs, all of them or some', async () => {
    await fc.assert(
      fc.asyncProperty(nested, fc.nat(), async (bodies, chosen) => {
        const source = nestedModel(bodies);
        expect(await bitEqual(source, inlined(source))).toEqual([true]);
        const some = inlineFunctions(source, { wanted: ({ name }) => ((chosen >> Number(name.slice(1))) & 1) === 1 });
        expect(verifyModel(some.model)).toEqual([]);
        expect(await bitEqual(source, some.model)).toEqual([true]);
      }),
      { numRuns: 40, seed: 7 },
    );
  }, 120_000);
});
