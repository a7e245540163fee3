// Output damage of each layer when it alone is int8, measured through the runner: one model, one load, a run per layer and sample.
import { throwIfCancelled } from '../../base/cancellation';
import { cloneModel, tensorValue } from '../../graph/construct';
import type { Model } from '../../graph/model';
import { GraphIndex } from '../../graph/traverse';
import type { SampleSource } from '../../runtime/data/samples';
import { toFloat64Array } from '../../tensor/decode';
import { isFloat } from '../../tensor/elementType';
import type { Tensor } from '../../tensor/tensor';
import type { TechniqueContext } from '../../techniques/technique';
import type { LoneLayer } from './loneLayer';
import { switchedModel } from './switched';

export interface Damage {
  /** Noise power / signal power of the model's worst output; undefined where time ran out before the layer's turn. */
  readonly noise: number | undefined;
  readonly samples: number;
}

interface Sums {
  /** Per output of the model. */
  readonly signal: Map<string, number>;
  readonly noise: Map<string, number>;
  samples: number;
}

export interface DamageRequest {
  readonly model: Model;
  readonly layers: readonly LoneLayer[];
  /** Numbers of the layers in the order they are measured: where time runs out, the first are known. */
  readonly order: readonly number[];
  readonly samples: number;
  /** No run starts after this long. */
  readonly budgetMs: number;
  readonly context: TechniqueContext;
}

/** @returns one damage per layer, by its number */
export async function measureDamage({ model, layers, order, samples, budgetMs, context }: DamageRequest): Promise<Damage[]> {
  const judged = withJudgedOutputs(model);
  const { model: switched, switches } = switchedModel(judged, layers);
  const outputs = judged.graph.outputs.map(({ name }) => name);
  const sums = layers.map((): Sums => ({ signal: new Map(), noise: new Map(), samples: 0 }));
  const deadline = Date.now() + budgetMs;
  /** What each run is: the reference of a sample, or one of its layers. */
  const runs: (number | undefined)[] = [];
  const source: SampleSource = {
    description: context.data.description,
    real: context.data.real,
    async *samples(limit) {
      for await (const feeds of context.data.samples(limit)) {
        for (const layer of [undefined, ...order]) {
          throwIfCancelled(context.signal);
          if (Date.now() > deadline) return;
          const input = switches(layer === undefined ? [] : [layer]);
          runs.push(layer);
          yield new Map([...feeds, [input.name, input]]);
        }
      }
    },
  };
  let reference = new Map<string, Tensor>();
  await context.runSamples(switched, source, samples, outputs, (results, index) => {
    const layer = runs[index];
    if (layer === undefined) reference = results;
    const sum = layer === undefined ? undefined : sums[layer];
    if (sum === undefined) return;
    for (const [name, tensor] of reference) add(sum, name, tensor, results.get(name));
    sum.samples++;
  });
  return sums.map(({ signal, noise, samples: counted }) => ({
    samples: counted,
    noise: counted === 0 ? undefined : Math.max(0, ...[...noise].map(([name, power]) => (power === 0 ? 0 : power / (signal.get(name) ?? 0)))),
  }));
}

/** Squash what goes in: where they saturate, or one class takes all, errors vanish until an answer flips. */
const squashing = new Set(['Softmax', 'LogSoftmax', 'Sigmoid', 'HardSigmoid', 'Tanh']);

/** A copy whose outputs are the float values damage is judged by: what the model gives, or what a last squashing function reads. */
function withJudgedOutputs(model: Model): Model {
  const copy = cloneModel(model);
  const index = new GraphIndex(copy.graph);
  const judged = copy.graph.outputs.map(({ name }) => {
    const producer = index.producer(name);
    return producer !== undefined && producer.domain === '' && squashing.has(producer.opType) ? (producer.inputs[0] ?? name) : name;
  });
  const declared = new Map(copy.graph.outputs.map((output) => [output.name, output]));
  copy.graph.outputs = [...new Set(judged)].map((name) => declared.get(name) ?? tensorValue(name, 'float32'));
  return copy;
}

/** Whole numbers and texts are no measure of noise. */
function add(sum: Sums, name: string, a: Tensor, b: Tensor | undefined): void {
  if (!isFloat(a.elementType) || b?.elementType !== a.elementType) return;
  const reference = toFloat64Array(a);
  const other = toFloat64Array(b);
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < reference.length; i++) {
    const value = reference[i] ?? 0;
    const difference = value - (other[i] ?? 0);
    // The same infinity in both is no difference.
    if (!Number.isFinite(value)) continue;
    signal += value * value;
    noise += difference * difference;
  }
  sum.signal.set(name, (sum.signal.get(name) ?? 0) + signal);
  sum.noise.set(name, (sum.noise.get(name) ?? 0) + noise);
}
