// The one line of every rewrite's test: apply, verify, run both, compare.
import { detachedContext } from '../../../src/base/cancellation';
import { silentLog } from '../../../src/base/log';
import type { Graph, Model } from '../../../src/graph/model';
import { subgraphs } from '../../../src/graph/traverse';
import { assertValid } from '../../../src/graph/verify';
import type { OutputComparison } from '../../../src/protocol/measurement';
import { compareModels } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { Runner } from '../../../src/runtime/runner';
import type { SampleSource } from '../../../src/runtime/data/samples';
import type { Tensor } from '../../../src/tensor/tensor';
import { simplify, simplifyOptions, type SimplifyOptions } from '../../../src/techniques/simplify/simplify';
import type { TechniqueContext, TechniqueResult } from '../../../src/techniques/technique';

let runner: Promise<Runner> | undefined;

export async function stopRunner(): Promise<void> {
  (await runner)?.dispose();
  runner = undefined;
}

export function sharedRunner(): Promise<Runner> {
  return (runner ??= Runner.start());
}

export async function techniqueContext(model: Model): Promise<TechniqueContext> {
  return {
    ...detachedContext(),
    log: { ...silentLog, warn: (text) => console.error(text) },
    data: await openSamples(undefined, model, { seed: 1, limit: 1 }),
    bindings: {},
    seed: 1,
    runModel: async (folding, feeds, outputs) => {
      const session = await (await sharedRunner()).load(folding);
      const run = await session.run(feeds, outputs);
      await session.release();
      return run.outputs;
    },
    runSamples: () => Promise.reject(new Error('simplify needs no samples')),
  };
}

/** For models that the runtime does not run. */
export async function simplifyOnly(model: Model): Promise<Model> {
  const result = await simplify.apply(model, simplifyOptions.parse({}), await techniqueContext(model));
  assertValid(result.model);
  return result.model;
}

export interface Simplified extends TechniqueResult {
  readonly outputs: readonly OutputComparison[];
  /** Operators of the result, subgraphs included, in order. */
  readonly operators: readonly string[];
}

/** One sample of tensors given. */
export function feeding(...tensors: readonly Tensor[]): SampleSource {
  const feeds = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    description: { kind: 'npy', samples: 1 },
    real: true,
    async *samples() {
      yield await Promise.resolve(feeds);
    },
  };
}

/** Simplifies, verifies the result, runs source and result on the same inputs (seeded, or those of `data`) and lays the outputs beside each other. */
export async function simplifyAndCompare(model: Model, bindings: Record<string, number> = {}, options: Partial<SimplifyOptions> = {}, data?: string | SampleSource): Promise<Simplified> {
  const result = await simplify.apply(model, simplifyOptions.parse(options), await techniqueContext(model));
  assertValid(result.model);
  const samples = typeof data === 'object' ? data : await openSamples(data, model, { bindings, seed: 3, limit: 2 });
  const { outputs } = await compareModels(model, result.model, samples, { runner: await sharedRunner() });
  return { ...result, outputs, operators: operatorsOf(result.model.graph) };
}

function operatorsOf(graph: Graph): string[] {
  return graph.nodes.flatMap((node) => [node.opType, ...subgraphs(node).flatMap((inner) => operatorsOf(inner.graph))]);
}

/** Lowest signal-to-noise ratio over the outputs; Infinity where all are bit-equal. */
export function lowestSqnr(outputs: readonly OutputComparison[]): number {
  return Math.min(...outputs.map((output) => (output.bitEqual ? Infinity : (output.sqnrDb ?? -Infinity))));
}

/** SQNR in dB of rounding alone, in float32, after rules that round and where the runtime fuses the one and not the other. */
export const leastDecibels = 90;
/** A float16 has 11 bits: half a unit in the last place is 2^-12 of the number, 72 dB below it. */
export const leastOfHalves = 66;
