// The one line of every lowering's test: lower, run the ONNX model and TensorFlow.js on the same inputs, lay the outputs side by side.
import { lowerToOnnx } from '../../../../src/formats/tfjs/lower/lower';
import type { Model } from '../../../../src/graph/model';
import { Runner } from '../../../../src/runtime/runner';
import { toFloat64Array } from '../../../../src/tensor/decode';
import type { Tensor } from '../../../../src/tensor/tensor';
import { runTensorflow, seededFeeds, type tf } from './tensorflow';

let runner: Promise<Runner> | undefined;

export async function stopRunner(): Promise<void> {
  (await runner)?.dispose();
  runner = undefined;
}

export async function runOnnx(model: Model, feeds: readonly Tensor[]): Promise<Map<string, Tensor>> {
  const session = await (await (runner ??= Runner.start())).load(model);
  const { outputs } = await session.run(new Map(feeds.map((tensor) => [tensor.name, tensor])));
  await session.release();
  return outputs;
}

/** The largest difference over the largest magnitude of the reference: 0 where they are equal, Infinity where shapes or types differ. */
export function relativeDifference(reference: Tensor | undefined, other: Tensor | undefined): number {
  if (reference === undefined || other === undefined || reference.dims.join(',') !== other.dims.join(',') || reference.elementType !== other.elementType) return Infinity;
  const [a, b] = [toFloat64Array(reference), toFloat64Array(other)];
  let worst = 0;
  let largest = 0;
  a.forEach((value, i) => {
    const second = b[i] ?? NaN;
    if (!Object.is(value, second)) worst = Math.max(worst, Number.isNaN(value) && Number.isNaN(second) ? 0 : Math.abs(value - second));
    if (Number.isNaN(value) !== Number.isNaN(second)) worst = Infinity;
    largest = Math.max(largest, Math.abs(value));
  });
  return worst === 0 ? 0 : worst / largest;
}

export interface Compared {
  readonly onnx: Model;
  /** Relative difference by output; for integers and booleans anything but 0 is wrong. */
  readonly differences: Readonly<Record<string, number>>;
  readonly transposes: number;
}

/** Lowers a model that must lower, and compares it with TensorFlow.js on seeded inputs. */
export async function compareWithTensorflow(source: Model, reference: tf.GraphModel | tf.LayersModel, feedsOf: (model: Model) => readonly Tensor[] = (model) => seededFeeds(model.graph)): Promise<Compared> {
  const { model, notLowered } = lowerToOnnx(source);
  if (model === undefined) throw new Error(`not lowered: ${notLowered.map(({ node, op, reason }) => `${op} ${node}: ${reason}`).join('; ')}`);
  const feeds = feedsOf(model);
  const expected = await runTensorflow(reference, feeds, source.graph.outputs.map(({ name }) => name));
  const actual = await runOnnx(model, feeds);
  const differences = Object.fromEntries([...expected].map(([name, tensor]) => [name, relativeDifference(tensor, actual.get(name))]));
  return { onnx: model, differences, transposes: model.graph.nodes.filter(({ opType }) => opType === 'Transpose').length };
}
