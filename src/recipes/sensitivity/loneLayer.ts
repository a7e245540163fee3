// One layer by itself, in float and in int8, as nodes that can stand in any graph that has what it reads.
import { cloneNode, makeGraph, makeModel, tensorValue } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import type { Tensor } from '../../tensor/tensor';
import { type Candidate, findCandidates } from '../../techniques/quantize/choose/candidates';
import { constantOf } from '../../techniques/quantize/constants';
import { insertQuantization, type InsertionSettings } from '../../techniques/quantize/insert/insert';
import type { Observation } from '../../techniques/quantize/calibrate/observe';

/** Nodes with all constants they read and the one value they make; everything but the activations has names of its own. */
export interface Body {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly output: string;
}

export interface LoneLayer {
  readonly candidate: Candidate;
  readonly float: Body;
  readonly int8: Body;
}

/**
 * The layer as it is and as static int8 makes it: its input, weight and output quantized, exactly as when no other layer is.
 * @param prefix begins every name that the bodies make; free in the model
 * @returns undefined where the weight is not finite
 */
export function loneLayer(model: Model, candidate: Candidate, observations: ReadonlyMap<string, Observation>, settings: InsertionSettings, prefix: string): LoneLayer | undefined {
  const float = extract(model, candidate);
  const int8 = extract(model, candidate);
  const [found] = findCandidates(int8);
  if (found === undefined || insertQuantization(int8, [{ ...found, key: candidate.key }], observations, settings).notFinite.length > 0) return undefined;
  return { candidate, float: renamed(float, candidate, `${prefix}/float/`), int8: renamed(int8, candidate, `${prefix}/int8/`) };
}

/** A model of the layer's nodes alone. */
function extract(model: Model, { node, absorbed, activations, output }: Candidate): Model {
  const nodes = [node, ...(absorbed === undefined ? [] : [absorbed])].map(cloneNode);
  const inputs = [...new Set(activations.map((input) => node.inputs[input] ?? ''))].map((name) => tensorValue(name, 'float32'));
  const constants = nodes.flatMap((each) => each.inputs).flatMap((name) => constantOf(model, name) ?? []);
  const graph = makeGraph('layer', { nodes, inputs, outputs: [tensorValue(output, 'float32')], initializers: new Map(constants.map((tensor) => [tensor.name, tensor])) });
  return makeModel(graph, { opsetImports: model.opsetImports, irVersion: model.irVersion });
}

function renamed({ graph }: Model, { output }: Candidate, prefix: string): Body {
  const kept = new Set(['', ...graph.inputs.map((input) => input.name)]);
  const name = (old: string): string => (kept.has(old) ? old : prefix + old);
  return {
    nodes: graph.nodes.map((node) => ({ ...node, name: name(node.name), inputs: node.inputs.map(name), outputs: node.outputs.map(name) })),
    constants: new Map([...graph.initializers].map(([old, tensor]) => [name(old), { ...tensor, name: name(old) }])),
    output: name(output),
  };
}
