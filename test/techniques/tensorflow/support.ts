// The one line of every rewrite's test of TensorFlow graphs: simplify, write, run both in TensorFlow.js, lay the outputs side by side.
import { join } from 'node:path';
import { expect } from 'vitest';
import { detachedContext } from '../../../src/base/cancellation';
import { silentLog } from '../../../src/base/log';
import { writeTfjsModel } from '../../../src/formats/tfjs/write';
import type { Model } from '../../../src/graph/model';
import { layersToGraph } from '../../../src/formats/tfjs/toGraph/toGraph';
import { simplifyTensorflow, tensorflowSimplifyOptions } from '../../../src/techniques/tensorflow/simplify/simplify';
import type { TechniqueContext } from '../../../src/techniques/technique';
import { openSamples } from '../../../src/runtime/data/datasets';
import { elementKind } from '../../../src/tensor/elementType';
import type { Tensor } from '../../../src/tensor/tensor';
import { relativeDifference } from '../../formats/tfjs/lower/lowered';
import { loadStored, openStored, readStored, runTensorflow, seededFeeds, type StoredModel } from '../../formats/tfjs/lower/tensorflow';
import { temporaryFolder } from '../../support/models';

export interface Simplified {
  readonly model: Model;
  readonly counts: ReadonlyMap<string, number>;
  /** Operators of the result's nodes, in order. */
  readonly ops: readonly string[];
  /** By output: largest difference over largest magnitude; 0 where both are equal to the bit. */
  readonly differences: Readonly<Record<string, number>>;
}

async function reloaded(model: Model): Promise<StoredModel> {
  const path = join(temporaryFolder(), 'model.json');
  await writeTfjsModel(model, path);
  return readStored(path);
}

/** What techniques are given; constants are computed by TensorFlow.js in this process. */
async function context(model: Model): Promise<TechniqueContext> {
  return {
    ...detachedContext(),
    log: silentLog,
    runModel: async (model, feeds, outputs) => runTensorflow(await loadStored(await reloaded(model)), [...feeds.values()], outputs),
    runSamples: () => Promise.reject(new Error('simplify needs no samples')),
    data: await openSamples(undefined, model, { seed: 1, limit: 1 }),
    bindings: {},
    seed: 1,
  };
}

/** Simplifies an opened model. */
export async function simplified(source: Model, options: object = {}): ReturnType<typeof simplifyTensorflow> {
  const graph = source.format === 'tfjs-layers' ? layersToGraph(source).model : source;
  if (graph === undefined) throw new Error('not written as a graph');
  return simplifyTensorflow(graph, tensorflowSimplifyOptions.parse(options), await context(source));
}

/** Seeded inputs in the types TensorFlow.js has: its whole numbers are int32. */
export function feedsFor({ graph }: Model, batch = 2): Tensor[] {
  const inputs = graph.inputs.map((input) => (input.type?.kind === 'tensor' && elementKind(input.type.elementType) === 'unsigned' ? { ...input, type: { ...input.type, elementType: 'int32' as const } } : input));
  return seededFeeds({ ...graph, inputs }, batch);
}

/** Simplifies a model of either kind and runs both in TensorFlow.js. Inputs, outputs, their order, types and shapes must be the same. */
export async function simplifyAndRun(stored: StoredModel, options: object = {}, feedsOf: (model: Model) => readonly Tensor[] = feedsFor): Promise<Simplified> {
  const source = openStored(stored);
  try {
    const { model, counts } = await simplified(source, options);
    const names = source.graph.outputs.map(({ name }) => name);
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(names);
    expect(model.graph.inputs).toEqual(source.graph.inputs);
    const feeds = feedsOf(source);
    const before = await loadStored(stored);
    const after = await loadStored(await reloaded(model));
    const expected = await runTensorflow(before, feeds, names);
    const actual = await runTensorflow(after, feeds, names);
    before.dispose();
    after.dispose();
    return { model, counts, ops: model.graph.nodes.map(({ opType }) => opType), differences: Object.fromEntries(names.map((name) => [name, relativeDifference(expected.get(name), actual.get(name))])) };
  } finally {
    source.dispose();
  }
}
