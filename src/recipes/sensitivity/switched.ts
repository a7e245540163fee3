// A model that holds every layer twice and runs each in float or in int8 as an input says: one load serves all questions about its layers.
import { attributes, cloneModel, makeGraph, makeNode, tensorValue } from '../../graph/construct';
import type { Graph, Model, Node } from '../../graph/model';
import { takenNames } from '../../graph/takenNames';
import { tensorFromArray, type Tensor } from '../../tensor/tensor';
import { dropUnreadInitializers } from '../../techniques/quantize/constants';
import type { Body, LoneLayer } from './loneLayer';

export interface SwitchedModel {
  readonly model: Model;
  /** A tensor that turns the layers of these numbers to int8, all others to float; the input is called by its name. */
  readonly switches: (int8: Iterable<number>) => Tensor;
}

/**
 * Puts an If around every layer: what is not asked for costs nothing.
 * @param layers of `model`, which is not changed
 */
export function switchedModel(model: Model, layers: readonly LoneLayer[]): SwitchedModel {
  const copy = cloneModel(model);
  const { graph } = copy;
  const names = takenNames(graph);
  const input = names.fresh('lathe_switches');
  graph.inputs.push(tensorValue(input, 'bool', [layers.length]));
  const switched = new Map<string, Node[]>();
  const absorbed = new Set<string>();
  layers.forEach(({ candidate, float, int8 }, number) => {
    const [place, one] = [names.fresh(`lathe_place_${number}`), names.fresh(`lathe_switch_${number}`)];
    graph.initializers.set(place, tensorFromArray(place, 'int64', [], BigInt64Array.of(BigInt(number))));
    const choice = { then_branch: { type: 'graph', value: branch(int8) }, else_branch: { type: 'graph', value: branch(float) } } as const;
    switched.set(candidate.node.outputs[0] ?? '', [
      makeNode({ opType: 'Gather', name: names.fresh(`lathe_gather_${number}`), inputs: [input, place], outputs: [one] }),
      makeNode({ opType: 'If', name: names.fresh(`lathe_if_${number}`), inputs: [one], outputs: [candidate.output], attributes: attributes(choice) }),
    ]);
    for (const output of candidate.absorbed?.outputs ?? []) absorbed.add(output);
  });
  graph.nodes = graph.nodes.flatMap((node) => switched.get(node.outputs[0] ?? '') ?? (absorbed.has(node.outputs[0] ?? '') ? [] : [node]));
  dropUnreadInitializers(graph);
  return {
    model: copy,
    switches: (int8) => {
      const chosen = new Uint8Array(layers.length);
      for (const number of int8) chosen[number] = 1;
      return tensorFromArray(input, 'bool', [layers.length], chosen);
    },
  };
}

function branch({ nodes, constants, output }: Body): Graph {
  return makeGraph(output, { nodes: [...nodes], outputs: [tensorValue(output, 'float32')], initializers: new Map(constants) });
}
