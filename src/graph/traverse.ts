// Walking a graph: subgraphs, producers and consumers, node keys, attributes by name.
import type { Attribute, Graph, Node } from './model';
import { LatheError } from '../base/errors';
import { FreeNames } from '../base/freeNames';

/** A graph that a node holds, with the name of its attribute. */
export interface Subgraph {
  readonly attribute: string;
  readonly graph: Graph;
}

/** What nearly every node has: nothing is made for it, however often a graph is walked. */
const noSubgraphs: readonly Subgraph[] = [];

/** The subgraphs (If branches, Loop and Scan bodies …) a node holds. */
export function subgraphs(node: Node): readonly Subgraph[] {
  if (!holdsGraphs(node)) return noSubgraphs;
  const found: Subgraph[] = [];
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') found.push({ attribute: name, graph: attribute.value });
    else if (attribute.type === 'graphs') attribute.value.forEach((graph, i) => found.push({ attribute: `${name}[${i}]`, graph }));
  }
  return found;
}

function holdsGraphs(node: Node): boolean {
  if (node.attributes.size === 0) return false;
  for (const { type } of node.attributes.values()) if (type === 'graph' || type === 'graphs') return true;
  return false;
}

/** A node's key in its model: unique, stable across reads. */
export type NodeKey = string;

export interface VisitedNode {
  readonly node: Node;
  readonly key: NodeKey;
  readonly graph: Graph;
  /** Keys of the nodes whose subgraphs enclose this one, outermost first; empty at the top. */
  readonly enclosing: readonly NodeKey[];
}

/**
 * Every node of a graph and its subgraphs in file order (a node before its subgraphs' nodes), each with its key:
 * the node's name where it has one and it is the first so named, else `<op>#<running number>`; nodes of a subgraph
 * are prefixed by `<enclosing key>/<attribute>/` unless their own name is already unique.
 */
export function* walkNodes(graph: Graph): Generator<VisitedNode> {
  const keys = new FreeNames();
  let running = 0;
  function* walk(scope: Graph, prefix: string, enclosing: readonly NodeKey[]): Generator<VisitedNode> {
    for (const node of scope.nodes) {
      const plain = node.name !== '' ? node.name : `${node.opType}#${running}`;
      running++;
      const key = keys.fresh(keys.has(plain) ? prefix + plain : plain, '~');
      yield { node, key, graph: scope, enclosing };
      for (const inner of subgraphs(node)) yield* walk(inner.graph, `${key}/${inner.attribute}/`, [...enclosing, key]);
    }
  }
  yield* walk(graph, '', []);
}

/** Key of every node, see {@link walkNodes}. */
export function nodeKeys(graph: Graph): Map<Node, NodeKey> {
  const keys = new Map<Node, NodeKey>();
  for (const visited of walkNodes(graph)) keys.set(visited.node, visited.key);
  return keys;
}

/** TensorFlow's NextIteration hands a value to the next round of a loop: who reads it may stand before it. */
export function closesLoop({ opType, domain }: Pick<Node, 'opType' | 'domain'>): boolean {
  return opType === 'NextIteration' && domain === 'tensorflow';
}

/** Names of the values a node reads, those captured by its subgraphs included. */
export function nodeReads(node: Node): readonly string[] {
  const inner = subgraphs(node);
  if (inner.length === 0 && !node.inputs.includes('')) return node.inputs;
  const reads = node.inputs.filter((name) => name !== '');
  for (const { graph } of inner) reads.push(...outerReads(graph));
  return reads;
}

/** The same, each name once. */
export function distinctReads(node: Node): readonly string[] {
  const reads = nodeReads(node);
  if (reads.length > fewNames) return [...new Set(reads)];
  return reads.some((name, i) => reads.indexOf(name) !== i) ? reads.filter((name, i) => reads.indexOf(name) === i) : reads;
}

/** Up to so many names are compared with one another, which is less work than a set. */
const fewNames = 8;

/** Names a graph reads from outside itself. */
export function outerReads(graph: Graph): string[] {
  const own = new Set<string>([...graph.inputs.map((value) => value.name), ...graph.initializers.keys(), ...graph.sparseInitializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const outer = new Set<string>();
  for (const node of graph.nodes) for (const name of nodeReads(node)) if (!own.has(name)) outer.add(name);
  for (const output of graph.outputs) if (!own.has(output.name)) outer.add(output.name);
  return [...outer];
}

/** Which node makes each value, and which nodes of this graph read it (through their subgraphs too). A snapshot: not kept up to date. */
export class GraphIndex {
  readonly producers = new Map<string, Node>();
  readonly consumers = new Map<string, Node[]>();
  readonly outputNames: ReadonlySet<string>;

  constructor(readonly graph: Graph) {
    for (const node of graph.nodes) {
      for (const output of node.outputs) if (output !== '') this.producers.set(output, node);
      for (const name of distinctReads(node)) {
        const list = this.consumers.get(name);
        if (list === undefined) this.consumers.set(name, [node]);
        else list.push(node);
      }
    }
    this.outputNames = new Set(graph.outputs.map((value) => value.name));
  }

  producer(value: string): Node | undefined {
    return this.producers.get(value);
  }

  consumersOf(value: string): readonly Node[] {
    return this.consumers.get(value) ?? [];
  }
}

/** An int attribute as a number. @throws LatheError `invalid-model` when it has another type or leaves the safe range. */
export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.type !== 'int' || typeof attribute.value === 'bigint') throw wrongAttribute(node, name, 'int');
  return attribute.value;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type !== 'ints') throw wrongAttribute(node, name, 'ints');
  return attribute.value.map((value) => {
    if (typeof value === 'bigint') throw wrongAttribute(node, name, 'ints in the safe range');
    return value;
  });
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  if (attribute.type !== 'float') throw wrongAttribute(node, name, 'float');
  return attribute.value;
}

export function stringAttribute(node: Node, name: string): string | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type !== 'string') throw wrongAttribute(node, name, 'string');
  return attribute.value;
}

function wrongAttribute(node: Node, name: string, wanted: Attribute['type'] | 'ints in the safe range'): LatheError {
  return new LatheError('invalid-model', `Attribute ${name} of ${node.opType} is not ${wanted}.`, { item: node.name || node.opType });
}
