// A model written as another one is: names and order of what both have taken from the other, so that their texts differ only where they do.
import { cloneModel } from '../graph/construct';
import type { Graph, Model, Node } from '../graph/model';
import { sortTopologically } from '../graph/rewriteOrder';
import { GraphIndex, nodeKeys, nodeReads, subgraphs } from '../graph/traverse';
import type { ModelMatch } from './match';

/**
 * A copy of `after` for reading beside `before`: matched nodes have the names of their counterparts, so have the values they
 * make and the weights they read, and nodes stand in the order of `before` as far as what they read allows. What reads a
 * value that was quantized and dequantized reads the value itself here; the pair is still listed. So the copy is for the eye:
 * its text must not be taken for the model's own.
 */
export function alignModel(before: Model, after: Model, match: ModelMatch): Model {
  const aligned = cloneModel(after);
  const beforeByKey = new Map([...nodeKeys(before.graph)].map(([node, key]) => [key, node]));
  const places = new Map(before.graph.nodes.map((node, i) => [node, i]));
  const counterpart = new Map<Node, Node>();
  const alignedByKey = new Map([...nodeKeys(aligned.graph)].map(([node, key]) => [key, node]));
  for (const { before: key, after: other } of match.pairs) {
    const [source, node] = [beforeByKey.get(key), alignedByKey.get(other)];
    if (source === undefined || node === undefined || !places.has(source)) continue;
    const known = counterpart.get(node);
    // Of several nodes that were fused into one, the one of its own operator is the one to lay it beside.
    if (known === undefined || (known.opType !== node.opType && source.opType === node.opType)) counterpart.set(node, source);
  }
  passOverQuantization(aligned.graph);
  const twins = twinsOf(aligned.graph, counterpart);
  rename(aligned.graph, newNames(aligned.graph, before.graph, twins));
  for (const [node, source] of twins) node.name = source.name;
  aligned.graph.nodes = ordered(aligned.graph, (node) => places.get(counterpart.get(node) ?? node));
  return aligned;
}

/** Readers of DequantizeLinear(QuantizeLinear(x)) read x. */
function passOverQuantization(graph: Graph): void {
  const index = new GraphIndex(graph);
  const through = new Map<string, string>();
  for (const node of graph.nodes) {
    if (node.opType !== 'DequantizeLinear') continue;
    const [quantized, output] = [node.inputs[0], node.outputs[0]];
    const quantizer = quantized === undefined ? undefined : index.producer(quantized);
    const value = quantizer?.opType === 'QuantizeLinear' ? quantizer.inputs[0] : undefined;
    if (value === undefined || output === undefined || index.outputNames.has(output) || index.consumersOf(output).some(({ inputs }) => !inputs.includes(output))) continue;
    through.set(output, value);
    // The name is often the value's own, which then got another: now it can have it back.
    node.outputs = [`${output}_dequantized`];
  }
  if (through.size === 0) return;
  for (const node of graph.nodes) node.inputs = node.inputs.map((name) => through.get(name) ?? name);
}

/** Of the nodes that came of one, the first of its operator is the one that goes by its name. */
function twinsOf(graph: Graph, counterpart: ReadonlyMap<Node, Node>): ReadonlyMap<Node, Node> {
  const twins = new Map<Node, Node>();
  const used = new Set<Node>();
  for (const node of graph.nodes) {
    const source = counterpart.get(node);
    if (source === undefined || source.opType !== node.opType || used.has(source)) continue;
    used.add(source);
    twins.set(node, source);
  }
  return twins;
}

/** New names by old ones; a name that is taken, or would stand for two values, is not given. */
function newNames(graph: Graph, before: Graph, twins: ReadonlyMap<Node, Node>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const ends = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const taken = new Set<string>([...ends, ...innerNames(graph)]);
  const give = (from: string | undefined, to: string | undefined): void => {
    if (from === undefined || to === undefined || from === '' || to === '' || from === to || ends.has(from) || names.has(from) || taken.has(to)) return;
    names.set(from, to);
    taken.add(to);
  };
  const index = new GraphIndex(graph);
  for (const [node, source] of twins) {
    node.outputs.forEach((output, i) => give(output, source.outputs[i]));
    node.inputs.forEach((input, i) => {
      const other = source.inputs[i];
      const isWeight = graph.initializers.has(input) || index.producer(input)?.opType === 'DequantizeLinear';
      if (isWeight && other !== undefined && before.initializers.has(other)) give(input, other);
    });
  }
  return names;
}

/** Every name a value of the graph has, its subgraphs' included. */
function innerNames(graph: Graph): string[] {
  return [...graph.initializers.keys(), ...graph.nodes.flatMap((node) => [...node.outputs, ...subgraphs(node).flatMap(({ graph: inner }) => [...inner.inputs.map(({ name }) => name), ...innerNames(inner)])])];
}

/** Renames values of the outermost graph wherever they are read. No new name is one that a subgraph makes itself. */
function rename(graph: Graph, names: ReadonlyMap<string, string>): void {
  const to = (name: string): string => names.get(name) ?? name;
  const within = (inner: Graph): void => {
    for (const node of inner.nodes) {
      node.inputs = node.inputs.map(to);
      node.outputs = node.outputs.map(to);
      for (const { graph: deeper } of subgraphs(node)) {
        within(deeper);
        deeper.outputs = deeper.outputs.map((output) => ({ ...output, name: to(output.name) }));
      }
    }
  };
  within(graph);
  graph.initializers = new Map([...graph.initializers].map(([name, tensor]) => [to(name), { ...tensor, name: to(name) }]));
  graph.valueInfo = new Map([...graph.valueInfo].map(([name, info]) => [to(name), { ...info, name: to(name) }]));
}

/** The nodes in topological order by their places. A node without one stands after what it reads, or where that has none, before what reads it. */
function ordered(graph: Graph, placeOf: (node: Node) => number | undefined): Node[] {
  const index = new GraphIndex(graph);
  const places = new Map<Node, number>();
  const known = (node: Node): number | undefined => places.get(node) ?? placeOf(node);
  const furthest = (places: readonly (number | undefined)[], pick: (a: number, b: number) => number): number | undefined => places.reduce((best, place) => (place === undefined ? best : best === undefined ? place : pick(best, place)), undefined);
  const settle = (node: Node, place: number | undefined): void => {
    if (place !== undefined) places.set(node, place);
  };
  for (const node of graph.nodes)
    settle(
      node,
      placeOf(node) ??
        furthest(
          nodeReads(node).map((name) => places.get(index.producer(name) ?? node)),
          Math.max,
        ),
    );
  for (const node of graph.nodes.toReversed()) {
    if (places.has(node)) continue;
    settle(node, furthest(node.outputs.flatMap((name) => index.consumersOf(name).map(known)), Math.min));
  }
  const last = graph.nodes.length + places.size;
  return sortTopologically(
    graph.nodes.toSorted((a, b) => (places.get(a) ?? last) - (places.get(b) ?? last)),
    nodeReads,
  );
}
