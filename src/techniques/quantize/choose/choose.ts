// Applies a preset's rules to a graph: which layers go to int8, and the reason for each that stays float.
import type { Graph, Node } from '../../../graph/model';
import { GraphIndex } from '../../../graph/traverse';
import type { Candidate } from './candidates';
import type { Observation } from '../calibrate/observe';
import { presets, type PresetName, type Surroundings } from './presets';

export interface Choice {
  readonly chosen: readonly Candidate[];
  readonly kept: readonly { readonly layer: string; readonly reason: string }[];
}

/** Operators that move values without changing them: an int8 chain runs through them. */
export const passing: ReadonlySet<string> = new Set(['MaxPool', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);
/** Activations that have no int8 form fused into a convolution. */
const floatActivations = new Set(['HardSwish', 'HardSigmoid', 'Sigmoid', 'Mul', 'Tanh', 'Elu', 'Selu', 'Softplus', 'Gelu', 'Erf', 'Mish', 'LeakyRelu', 'PRelu']);

/**
 * Chooses the largest set of candidates that all rules of the preset allow. Rules that ask for int8 neighbours are met by
 * starting from every candidate and taking away until nothing changes.
 * @param keepFloat node keys that stay float whatever the rules say (back-off).
 * @param only when given, no other layer goes to int8 (sensitivity sweeps).
 */
export function chooseLayers(graph: Graph, candidates: readonly Candidate[], observations: ReadonlyMap<string, Observation>, preset: PresetName, keepFloat: ReadonlySet<string>, only?: ReadonlySet<string>): Choice {
  const index = new GraphIndex(graph);
  const reasons = new Map<string, string>();
  const chosen = new Set(candidates);
  const byNode = new Map<Node, Candidate>();
  for (const candidate of candidates) {
    byNode.set(candidate.node, candidate);
    if (candidate.absorbed !== undefined) byNode.set(candidate.absorbed, candidate);
  }
  const drop = (candidate: Candidate, reason: string): void => {
    chosen.delete(candidate);
    reasons.set(candidate.key, reason);
  };
  for (const candidate of candidates) {
    if (keepFloat.has(candidate.key)) drop(candidate, 'kept float as asked, for accuracy or speed');
    else if (only !== undefined && !only.has(candidate.key)) drop(candidate, 'not asked for');
    else {
      const reason = unusable(candidate, observations);
      if (reason !== undefined) drop(candidate, reason);
    }
  }
  const isInt8 = (node: Node | undefined): boolean => {
    const candidate = node === undefined ? undefined : byNode.get(node);
    return candidate !== undefined && chosen.has(candidate);
  };
  const rules = presets[preset].rules;
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    for (const candidate of [...chosen]) {
      const rule = rules[candidate.kind];
      const reason = rule === undefined ? 'not among the operators of this preset' : rule(candidate, surroundings(candidate, graph, index, observations, isInt8));
      if (reason !== undefined) drop(candidate, reason);
    }
  }
  return { chosen: candidates.filter((candidate) => chosen.has(candidate)), kept: [...reasons].map(([layer, reason]) => ({ layer, reason })) };
}

/** Below this every value is as good as zero: its square leaves float32. */
const smallestRange = 1e-30;

/** Why what calibration saw of a layer's activations gives no scale. */
function unusable(candidate: Candidate, observations: ReadonlyMap<string, Observation>): string | undefined {
  const values = [candidate.output, ...candidate.activations.map((input) => candidate.node.inputs[input] ?? '')];
  const ranges = values.map((value) => observations.get(value));
  if (ranges.some((range) => range === undefined)) return 'its activations are not float32 values';
  if (ranges.some((range) => range !== undefined && !(Number.isFinite(range.min) && Number.isFinite(range.max)))) return 'its activations held NaN or infinite values in calibration';
  if (ranges.some((range) => range !== undefined && Math.max(range.max, -range.min) < smallestRange)) return 'its activations were zero throughout in calibration: nothing is known of their scale';
  return undefined;
}

function surroundings(candidate: Candidate, graph: Graph, index: GraphIndex, observations: ReadonlyMap<string, Observation>, isInt8: (node: Node | undefined) => boolean): Surroundings {
  const inputs = candidate.activations.map((input) => candidate.node.inputs[input] ?? '');
  const readers = index.consumersOf(candidate.output);
  const shape = observations.get(candidate.output)?.shape ?? [];
  return {
    spatial: shape.slice(2).reduce((product, dim) => product * dim, 1),
    stem: inputs.some((name) => graph.inputs.some((input) => input.name === name)),
    feedsMaxPool: readers.some((node) => node.opType === 'MaxPool'),
    feedsFloatActivation: readers.some((node) => floatActivations.has(node.opType)),
    fromInt8: inputs.every((name) => isInt8(producerThroughMoves(index, name))),
    toInt8: readers.length > 0 && readers.every((node) => reachesInt8(index, node, isInt8)),
  };
}

function producerThroughMoves(index: GraphIndex, value: string): Node | undefined {
  let node = index.producer(value);
  while (node !== undefined && passing.has(node.opType)) node = index.producer(node.inputs[0] ?? '');
  return node;
}

function reachesInt8(index: GraphIndex, node: Node, isInt8: (node: Node | undefined) => boolean): boolean {
  if (isInt8(node)) return true;
  if (!passing.has(node.opType)) return false;
  const readers = node.outputs.flatMap((output) => index.consumersOf(output));
  return readers.length > 0 && readers.every((reader) => reachesInt8(index, reader, isInt8));
}
