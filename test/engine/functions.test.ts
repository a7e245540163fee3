// A model with functions in the engine: calls opened in the snapshot, asked about by their keys, profiled through, inlined into a new file.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { createHandlers } from '../../src/engine/handlers';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import type { Model } from '../../src/graph/model';
import { header, modelWith } from '../techniques/inline/models';
import { temporaryFolder } from '../../src/runtime/temporary';

const folder = temporaryFolder();
afterAll(() => folder.dispose());
const handlers = createHandlers({ log: silentLog, runnerState: () => undefined, overBudget: () => Promise.resolve('stop') });
const context = detachedContext();
const bindings = {};

async function open(name: string, model: Model): Promise<number> {
  const path = join(folder.path, `${name}.onnx`);
  await writeOnnxModel(model, path);
  return (await handlers['model/open']({ path, bindings }, context)).document;
}

const block = `<domain: "own", opset_import: ["" : 17, "own" : 1], doc_string: "Twice the input, rectified.">
block <by: float = 2.0> (a) => (b) { f = Constant <value_float: float = @by> () ["mul"] h = Mul (a, f) ["act"] b = Relu (h) }`;
const source = (): Model => modelWith('["one"] h = own.block <by = 3.0> (x)\ny = own.block (h)', block);

describe('a model with functions', () => {
  it('is opened in the snapshot, with the figures of the model as it is', async () => {
    const document = await open('shown', source());
    const { summary, layers, groups } = await handlers['model/snapshot']({ document, bindings }, context);
    expect(summary.nodes).toBe(2);
    expect(layers.keys).toEqual(['one/mul', 'one/act', 'block/mul', 'block/act']);
    expect(groups.map(({ kind, call }) => [kind, call])).toEqual([['model', undefined], ['function', 'one'], ['function', 'block#1']]);
    // Mul and Relu work in place (memory.ts): one map of 24 bytes. Of calls nothing is known, and each would need a second.
    expect(summary.peakActivationBytes).toBe(24);
    expect(layers.flops.reduce((sum, flops) => sum + flops, 0)).toBe(summary.flops);
  });

  it('tells of a call which function it calls, with what', async () => {
    const document = await open('told', source());
    const of = async (layer: string) => await handlers['model/detail']({ document, layer, bindings }, context);
    expect(await of('one')).toMatchObject({ function: { label: 'own::block', signature: 'block <by = 2> (a) → (b)' }, docString: 'Twice the input, rectified.', attributes: [{ name: 'by', value: '3' }], flops: 12, inputs: [{ name: 'x', shape: [2, 3] }], outputs: [{ name: 'h', shape: [2, 3] }] });
    expect(await of('one/mul')).toMatchObject({ op: 'Mul', outputs: [{ shape: [2, 3] }] });
    expect((await of('one/mul')).function).toBeUndefined();
  });

  it('leaves a call closed that cannot be inlined, and tells of its function all the same', async () => {
    const document = await open('closed', modelWith('y = own.f (x)', `${header(21)} f (a) => (b) { b = Neg (a) }`));
    expect((await handlers['model/snapshot']({ document, bindings }, context)).layers.keys).toEqual(['f#0']);
    expect(await handlers['model/detail']({ document, layer: 'f#0', bindings }, context)).toMatchObject({ function: { label: 'own::f' } });
  });

  it('is profiled in its bodies, and each call takes what those take', async () => {
    const document = await open('profiled', source());
    const profile = await handlers['model/profile']({ document, bindings }, context);
    expect(Object.keys(profile.milliseconds).length).toBeGreaterThan(0);
    expect(Object.keys(profile.milliseconds).every((key) => /^(one|block)\/(mul|act)$/.test(key))).toBe(true);
    const costs = await handlers['model/lineCosts']({ document, bindings }, context);
    const [one] = costs;
    expect(one?.key).toBe('one');
    expect(one?.milliseconds).toBeCloseTo((profile.milliseconds['one/mul'] ?? 0) + (profile.milliseconds['one/act'] ?? 0), 9);
  }, 60_000);

  it('is inlined into a new file', async () => {
    const document = await open('whole', source());
    const copy = await handlers['model/inline']({ document, bindings, functions: ['own::block'] }, context);
    expect(copy).toEqual({ path: join(folder.path, 'whole.inlined.onnx'), inlined: [{ function: 'own::block', calls: 2 }], kept: [] });
    expect(existsSync(copy.path)).toBe(true);
  }, 60_000);
});
