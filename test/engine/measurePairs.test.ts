// What was measured of two models node by node: milliseconds of both, and errors that are known beforehand.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { createHandlers } from '../../src/engine/handlers';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { GraphBuilder } from '../../src/graph/builder';
import { attributes, makeNode } from '../../src/graph/construct';
import type { Model } from '../../src/graph/model';
import type { GraphComparison, PairMeasurement } from '../../src/protocol/comparison';
import { float32Tensor, int64Tensor } from '../../src/tensor/tensor';

/** x → Abs → Mul by a constant → Neg → y. */
function scaled(by: number, input = 'x'): Model {
  const graph = new GraphBuilder('scaled');
  const add = (opType: string, inputs: readonly string[], output: string): string => {
    graph.addNode(makeNode({ name: opType.toLowerCase(), opType, inputs: [...inputs], outputs: [output], origin: [opType.toLowerCase()] }));
    return output;
  };
  const abs = add('Abs', [graph.input(input, 'float32', [1, 1000])], 'a');
  graph.output(add('Neg', [add('Mul', [abs, graph.initializer(float32Tensor('by', [1], [by]))], 'm')], 'y'), 'float32', [1, 1000]);
  return graph.build();
}

/** x → Pad by `border` → Conv by `pads` → y, both in one where nothing is to be padded before. */
function padded(isOneNode: boolean): Model {
  const graph = new GraphBuilder('padded');
  const x = graph.input('x', 'float32', [1, 1, 8, 8]);
  const weight = graph.initializer(float32Tensor('w', [1, 1, 3, 3], [1, -2, 3, -4, 5, -6, 7, -8, 9]));
  const pads = graph.initializer(int64Tensor('border', [8], [0, 0, 2, 2, 0, 0, 2, 2]));
  if (!isOneNode) graph.addNode(makeNode({ name: 'pad', opType: 'Pad', inputs: [x, pads], outputs: ['p'], origin: ['pad'] }));
  graph.addNode(makeNode({ name: 'conv', opType: 'Conv', inputs: [isOneNode ? x : 'p', weight], outputs: ['y'], attributes: attributes(isOneNode ? { pads: [2, 2, 2, 2] } : {}), origin: isOneNode ? ['pad', 'conv'] : ['conv'] }));
  graph.output('y', 'float32', [1, 1, 10, 10]);
  return graph.build();
}

let folder: string;
const handlers = createHandlers({ log: silentLog, runnerState: () => undefined, overBudget: () => Promise.resolve('stop') });

beforeAll(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-lathe-pairs-')); });
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

async function measure(before: Model, after: Model): Promise<{ readonly comparison: GraphComparison; readonly measurement: PairMeasurement; readonly said: readonly string[] }> {
  const said: string[] = [];
  const context = { ...detachedContext(), progress: ({ message }: { message: string }) => void said.push(message) };
  const open = async (model: Model, name: string): Promise<number> => {
    const file = path.join(folder, name);
    fs.writeFileSync(file, encodeOnnxModel(model));
    return (await handlers['model/open']({ path: file, bindings: {} }, context)).document;
  };
  const both = { before: await open(before, 'one.onnx'), after: await open(after, 'other.onnx'), bindings: {} };
  return { comparison: await handlers['model/compareGraphs'](both, context), measurement: await handlers['model/measurePairs'](both, context), said };
}

/** Number of the row of a layer of the first model. */
function rowOf({ before, pairs }: GraphComparison, key: string): number {
  const at = pairs.layers.before.items.indexOf(before.layers.keys.indexOf(key));
  return pairs.layers.before.start.findIndex((start, row) => at >= start && at < (pairs.layers.before.start[row + 1] ?? 0));
}

describe('two models measured node by node', () => {
  it('have times of both, and the error of every node that it is known to have', async () => {
    const { comparison, measurement, said } = await measure(scaled(2), scaled(2.002));
    expect(measurement.problem).toBeUndefined();
    const at = (key: string): number | undefined => measurement.sqnrDb[rowOf(comparison, key)];
    expect(at('abs')).toBe(Number.POSITIVE_INFINITY);
    // A factor of 1.001 is an error of a thousandth of the signal: 60 dB by definition.
    expect(at('mul')).toBeCloseTo(60, 1);
    expect(at('neg')).toBeCloseTo(60, 1);
    expect(measurement.maxAbs[rowOf(comparison, 'abs')]).toBe(0);
    expect(measurement.maxAbs[rowOf(comparison, 'mul')]).toBeGreaterThan(0);
    for (const side of ['before', 'after'] as const) expect(measurement.profiles[side].milliseconds).toHaveProperty('mul');
    expect(said.some((message) => message.startsWith('other.onnx: '))).toBe(true);
  });

  it('are compared by what comes out of a row in the end, not by what does its work', async () => {
    const { comparison, measurement } = await measure(padded(false), padded(true));
    const row = rowOf(comparison, 'pad');
    expect(measurement.problem).toBeUndefined();
    expect(rowOf(comparison, 'conv')).toBe(row);
    expect(measurement.sqnrDb[row]).toBeGreaterThan(100); // two ways to the same sums
  });

  it('have times, and a word on why no errors, where what the second takes is not what the first takes', async () => {
    const { measurement } = await measure(scaled(2), scaled(2, 'other_input'));
    expect(measurement.problem).toMatch(/could not be compared/);
    expect(measurement.sqnrDb.every((value) => Number.isNaN(value))).toBe(true);
    expect(Object.keys(measurement.profiles.after.milliseconds).length).toBeGreaterThan(0);
  });

  it('are no longer measured once that is cancelled', async () => {
    const abort = new AbortController();
    const open = async (model: Model, name: string): Promise<number> => {
      const file = path.join(folder, name);
      fs.writeFileSync(file, encodeOnnxModel(model));
      return (await handlers['model/open']({ path: file, bindings: {} }, detachedContext())).document;
    };
    const both = { before: await open(scaled(2), 'one.onnx'), after: await open(scaled(3), 'other.onnx'), bindings: {} };
    const measuring = handlers['model/measurePairs'](both, { signal: abort.signal, progress: ({ message }) => { if (message.includes('Profiling')) abort.abort(); } });
    await expect(measuring).rejects.toMatchObject({ code: 'cancelled' });
  });
});
