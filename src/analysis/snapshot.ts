// What the model view draws: the layers as columns, their groups, and the edges between them.
import type { Graph, Model, Node } from '../graph/model';
import { nodeReads } from '../graph/traverse';
import type { Finding } from '../protocol/findings';
import type { ModelSnapshot } from '../protocol/view';
import type { LayerAnalysis, ModelAnalysis } from './analyze';
import type { CallSite } from './functions';
import { groupLayers } from './grouping';
import { toSummary } from './inspection';
import { shapeText } from './summarize';

/** `sites`: which nodes of the model stand for the call of a function that was inlined. */
export function buildSnapshot(model: Model, analysis: ModelAnalysis, findings: readonly Finding[], sites: ReadonlyMap<Node, CallSite> = new Map()): ModelSnapshot {
  const layers = analysis.layers.filter(isShown);
  const { groups, groupOf } = groupLayers(layers, model.graph.name, sites);
  const opNames: string[] = [];
  const opNumbers = new Map<string, number>();
  const op = Uint16Array.from(layers, ({ node }) => {
    let number = opNumbers.get(node.opType);
    if (number === undefined) opNumbers.set(node.opType, (number = opNames.push(node.opType) - 1));
    return number;
  });
  const column = (value: (layer: LayerAnalysis) => number | null): Float64Array => Float64Array.from(layers, (layer) => value(layer) ?? Number.NaN);
  return {
    summary: toSummary(model, analysis),
    layers: {
      count: layers.length,
      keys: layers.map((layer) => layer.key),
      op,
      opNames,
      group: groupOf,
      shape: layers.map(({ graph, node }) => shapeText(analysis.types.typeOf(graph, node.outputs[0] ?? ''))),
      parameters: column((layer) => layer.parameters),
      flops: column((layer) => layer.flops),
      macs: column((layer) => layer.macs),
      weightBytes: column((layer) => layer.weightBytes),
      activationBytes: column((layer) => layer.activationBytes),
    },
    groups,
    edges: edgesOf(model.graph, layers),
    findings,
  };
}

/** A Constant is no step of the computation: its readers show it as a weight, and a card each would bury them. */
function isShown({ node }: LayerAnalysis): boolean {
  return node.opType !== 'Constant' || node.domain !== '';
}

/** Pairs (producer, consumer). What a subgraph's nodes read from outside reaches them through the node that holds the subgraph. */
function edgesOf(graph: Graph, layers: readonly LayerAnalysis[]): Int32Array {
  const producers = new Map<Graph, Map<string, number>>();
  layers.forEach((layer, i) => {
    let made = producers.get(layer.graph);
    if (made === undefined) producers.set(layer.graph, (made = new Map<string, number>()));
    for (const name of layer.node.outputs) if (name !== '') made.set(name, i);
  });
  const inputs = new Map(graph.inputs.filter((input) => !graph.initializers.has(input.name)).map((input, i) => [input.name, -1 - i]));
  const pairs: number[] = [];
  layers.forEach((layer, i) => {
    const made = producers.get(layer.graph);
    for (const from of new Set(nodeReads(layer.node).map((name) => made?.get(name) ?? (layer.graph === graph ? inputs.get(name) : undefined)))) if (from !== undefined) pairs.push(from, i);
  });
  graph.outputs.forEach((output, i) => {
    const from = producers.get(graph)?.get(output.name);
    if (from !== undefined) pairs.push(from, -1 - i);
  });
  return Int32Array.from(pairs);
}
