// The cheap predictor of sensitivity: what int8 does to each layer's own output while everything before it is float, all layers in one pass.
import { attributes, cloneModel, makeNode, tensorValue } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import { toFloat32Array } from '../../tensor/decode';
import type { TechniqueContext } from '../../techniques/technique';
import type { LoneLayer } from './loneLayer';

/** Names of two scalars: the power of a layer's output, and of its int8 error. */
interface Probe {
  readonly signal: string;
  readonly noise: string;
}

/**
 * @param layers of `model`, which is not changed
 * @returns noise power / signal power of each layer's output over the samples
 */
export async function localErrors(model: Model, layers: readonly LoneLayer[], samples: number, context: TechniqueContext): Promise<number[]> {
  const { probed, probes } = probe(model, layers);
  const sums = layers.map(() => ({ signal: 0, noise: 0 }));
  await context.runSamples(probed, context.data, samples, probes.flatMap(({ signal, noise }) => [signal, noise]), (outputs) => {
    const powerOf = (name: string): number => {
      const tensor = outputs.get(name);
      return tensor === undefined ? Number.NaN : (toFloat32Array(tensor)[0] ?? Number.NaN);
    };
    for (const [i, { signal, noise }] of probes.entries()) {
      const sum = sums[i];
      if (sum === undefined) continue;
      sum.signal += powerOf(signal);
      sum.noise += powerOf(noise);
    }
  });
  return sums.map(({ signal, noise }) => (noise === 0 ? 0 : noise / signal));
}

/** Beside each layer its int8 form, reading the same float values. */
function probe(model: Model, layers: readonly LoneLayer[]): { probed: Model; probes: readonly Probe[] } {
  const probed = cloneModel(model);
  const { graph } = probed;
  const behind = new Map<string, Node[]>();
  graph.outputs = [];
  const probes = layers.map(({ candidate, int8 }): Probe => {
    for (const [name, tensor] of int8.constants) graph.initializers.set(name, tensor);
    const [difference, signal, noise] = [`${int8.output}/difference`, `${int8.output}/signal`, `${int8.output}/noise`];
    const power = (value: string, output: string): Node => makeNode({ opType: 'ReduceSumSquare', name: output, inputs: [value], outputs: [output], attributes: attributes({ keepdims: 0 }) });
    behind.set(candidate.output, [
      ...int8.nodes,
      makeNode({ opType: 'Sub', name: difference, inputs: [candidate.output, int8.output], outputs: [difference] }),
      power(candidate.output, signal),
      power(difference, noise),
    ]);
    graph.outputs.push(tensorValue(signal, 'float32', []), tensorValue(noise, 'float32', []));
    return { signal, noise };
  });
  graph.nodes = graph.nodes.flatMap((node) => [node, ...node.outputs.flatMap((output) => behind.get(output) ?? [])]);
  return { probed, probes };
}
