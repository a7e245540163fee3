// Values inside two models on the same inputs: each runs with what is compared kept as outputs, a few hundred megabytes at a time.
import { throwIfCancelled, type WorkContext } from '../base/cancellation';
import { cloneModel } from '../graph/construct';
import type { Model } from '../graph/model';
import type { OutputComparison, RunSettings } from '../protocol/measurement';
import type { Tensor } from '../tensor/tensor';
import { compareOutputs } from './compare';
import { type Runner, type RunnerStart, withRunner } from './runner';
import type { Feeds } from './data/samples';

/** A value of each main graph that is to be compared, and what both take together in bytes. */
export interface ValuePair {
  readonly before: string;
  readonly after: string;
  readonly bytes: number;
}

export interface CompareValuesOptions extends WorkContext {
  readonly settings: RunSettings;
  readonly start: RunnerStart;
}

/** Bytes of outputs that one run hands over: they are held by the runner, in the message and here. */
const mostBytes = 128 * 2 ** 20;
/** A runtime keeps outputs apart from each other: many of them slow it down more than a second run. */
const mostValues = 1000;

/**
 * Compares pairs of values, in their order. A value that is an output is one that the runtime cannot fuse over: the
 * differences are those of the models' arithmetic, those of the runtime's own fusions are not among them.
 * @throws LatheError whatever loading or running throws; `cancelled`
 */
export async function compareValues(before: Model, after: Model, pairs: readonly ValuePair[], feeds: Feeds, { settings, start, signal, progress }: CompareValuesOptions): Promise<OutputComparison[]> {
  return withRunner(start, signal, async (runner) => {
    const results: OutputComparison[] = [];
    for (const chunk of chunksOf(pairs)) {
      throwIfCancelled(signal);
      progress({ message: `Comparing what comes out of each layer, ${results.length + 1} to ${results.length + chunk.length} of ${pairs.length}`, fraction: results.length / pairs.length });
      const left = await run(runner, before, chunk.map((pair) => pair.before), feeds, settings);
      const right = await run(runner, after, chunk.map((pair) => pair.after), feeds, settings);
      results.push(...compareOutputs(left, right));
    }
    return results;
  });
}

function* chunksOf(pairs: readonly ValuePair[]): Generator<readonly ValuePair[]> {
  let chunk: ValuePair[] = [];
  let bytes = 0;
  for (const pair of pairs) {
    if (chunk.length > 0 && (bytes + pair.bytes > mostBytes || chunk.length === mostValues)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(pair);
    bytes += pair.bytes;
  }
  if (chunk.length > 0) yield chunk;
}

/** @returns the values by their place in the list, as the two sides name them differently */
async function run(runner: Runner, model: Model, values: readonly string[], feeds: Feeds, { provider, threads }: RunSettings): Promise<ReadonlyMap<string, Tensor>> {
  const exposed = cloneModel(model);
  const known = new Map(exposed.graph.outputs.map((output) => [output.name, output]));
  exposed.graph.outputs = [...new Set(values)].map((name) => known.get(name) ?? { name });
  const session = await runner.load(exposed, { provider, threads });
  try {
    const taken = new Set(session.inputs.map(({ name }) => name));
    const { outputs } = await session.run(new Map([...feeds].filter(([name]) => taken.has(name))));
    return new Map(values.flatMap((name, place) => {
      const tensor = outputs.get(name);
      return tensor === undefined ? [] : [[place.toString(), tensor] as const];
    }));
  } finally {
    await session.release();
  }
}
