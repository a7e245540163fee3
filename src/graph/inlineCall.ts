// Puts a function's body in place of the node that calls it: its values and nodes take names that are free, its inputs and outputs the call's.
import { LatheError } from '../base/errors';
import type { FreeNames } from '../base/freeNames';
import { cloneGraph, makeNode } from './construct';
import type { Attribute, Graph, Metadata, Node, ValueInfo, ValueType } from './model';
import { subgraphs } from './traverse';

/** What stands for a call. */
export interface InlinedCall {
  readonly nodes: readonly Node[];
  /** Constants that the body was given since it was instantiated; they go to the graph the call stands in. */
  readonly initializers: Graph['initializers'];
  /** Types of what the nodes make. */
  readonly valueInfo: readonly ValueInfo[];
}

/** Calls nest, and each may pass its name on to what it is made of: beyond this the operator's name has to do. */
const longestPrefix = 200;

/**
 * Turns a body, instantiated for this call alone, into nodes that may stand in the call's place; the body's nodes are used up.
 * Omitted inputs stay omitted, an output the call leaves out is made under a free name. Every node's origin is the call's.
 * @throws LatheError `unsupported` where the call does not fit the function
 */
export function inlineCall(call: Node, body: Graph, names: FreeNames): InlinedCall {
  if (call.inputs.length > body.inputs.length) throw unfit(call, `it has ${call.inputs.length} inputs, the function ${body.inputs.length}`);
  if (call.outputs.length > body.outputs.length) throw unfit(call, `it has ${call.outputs.length} outputs, the function ${body.outputs.length}`);
  const prefix = call.name !== '' && call.name.length <= longestPrefix ? call.name : names.fresh(call.opType);
  const renaming = new Renaming(call, prefix, names);
  const scope: Scope = { names: new Map(), outer: undefined };
  body.inputs.forEach(({ name }, i) => scope.names.set(name, call.inputs[i] ?? ''));
  const passed: Node[] = [];
  body.outputs.forEach(({ name }, i) => {
    const wanted = call.outputs[i] ?? '';
    if (wanted === '') return;
    const taken = scope.names.get(name);
    if (taken === undefined) scope.names.set(name, wanted);
    // An input handed on as it is, or one value given out twice.
    else if (taken !== '') passed.push(makeNode({ opType: 'Identity', name: names.fresh(`${prefix}/Identity`), inputs: [taken], outputs: [wanted], origin: [...call.origin], metadata: call.metadata }));
    else throw unfit(call, `its output ${wanted} would be the input ${name}, which it leaves out`);
  });
  const inputs = new Set(body.inputs.map(({ name }) => name));
  renaming.graph(body, scope);
  const valueInfo = [...body.valueInfo.values()].filter(({ name }) => !inputs.has(name) && scope.names.has(name)).map((info) => ({ ...withoutSymbols(info), name: renaming.read(scope, info.name) }));
  return { nodes: [...body.nodes, ...passed], initializers: body.initializers, valueInfo };
}

function unfit(call: Node, why: string): LatheError {
  return new LatheError('unsupported', `The call ${call.name || (call.outputs[0] ?? '')} does not fit the function ${call.opType}: ${why}.`, { item: call.name || call.opType });
}

/** New names of a graph's values; what has none is looked up further out. */
interface Scope {
  readonly names: Map<string, string>;
  readonly outer: Scope | undefined;
}

class Renaming {
  private readonly given: ReadonlySet<Attribute>;
  /** Graphs that the call gives as attributes: they read the values around the call, and may be given to several nodes. */
  private readonly callersGraphs = new WeakSet<Graph>();

  constructor(
    private readonly call: Node,
    private readonly prefix: string,
    private readonly names: FreeNames,
  ) {
    this.given = new Set(call.attributes.values());
  }

  read(scope: Scope | undefined, name: string): string {
    for (let at = scope; at !== undefined; at = at.outer) {
      const renamed = at.names.get(name);
      if (renamed !== undefined) return renamed;
    }
    return name;
  }

  /** Renames a graph in place: what it makes first, since nodes may stand in any order. */
  graph(graph: Graph, scope: Scope): void {
    for (const node of graph.nodes) for (const name of node.outputs) this.define(scope, name);
    for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) this.define(scope, name);
    const to = (name: string): string => this.read(scope, name);
    graph.initializers = new Map([...graph.initializers].map(([name, tensor]) => [to(name), { ...tensor, name: to(name) }]));
    graph.sparseInitializers = new Map([...graph.sparseInitializers].map(([name, tensor]) => [to(name), tensor]));
    graph.quantizationAnnotations = graph.quantizationAnnotations.map(({ tensorName, parameters }) => ({ tensorName: to(tensorName), parameters: parameters.map(([key, name]) => [key, to(name)] as const) }));
    for (const node of graph.nodes) this.node(node, scope);
  }

  private define(scope: Scope, name: string): void {
    if (name !== '' && !scope.names.has(name)) scope.names.set(name, this.names.fresh(`${this.prefix}/${name}`));
  }

  private node(node: Node, scope: Scope): void {
    node.name = this.names.fresh(`${this.prefix}/${node.name || node.opType}`);
    node.inputs = node.inputs.map((name) => this.read(scope, name));
    node.outputs = node.outputs.map((name) => this.read(scope, name));
    node.origin = [...this.call.origin];
    node.metadata = joined(node.metadata, this.call.metadata);
    for (const [name, attribute] of node.attributes) this.attribute(node, name, attribute);
    for (const { graph } of subgraphs(node)) this.subgraph(graph, this.callersGraphs.has(graph) ? undefined : scope);
  }

  private attribute(node: Node, name: string, attribute: Attribute): void {
    if (!this.given.has(attribute)) return;
    const own = (graph: Graph): Graph => {
      const copy = cloneGraph(graph);
      this.callersGraphs.add(copy);
      return copy;
    };
    if (attribute.type === 'graph') node.attributes.set(name, { ...attribute, value: own(attribute.value) });
    else if (attribute.type === 'graphs') node.attributes.set(name, { ...attribute, value: attribute.value.map(own) });
  }

  private subgraph(graph: Graph, outer: Scope | undefined): void {
    const scope: Scope = { names: new Map(), outer };
    for (const { name } of graph.inputs) this.define(scope, name);
    this.graph(graph, scope);
    const renamed = (info: ValueInfo): ValueInfo => {
      const name = this.read(scope, info.name);
      if (name === '') throw unfit(this.call, `${info.name}, which it leaves out, is what a branch or loop gives out`);
      return { ...(outer === undefined ? info : withoutSymbols(info)), name };
    };
    graph.inputs = graph.inputs.map(renamed);
    graph.outputs = graph.outputs.map(renamed);
    graph.valueInfo = new Map([...graph.valueInfo.values()].map(renamed).map((info) => [info.name, info]));
  }
}

/** A node's own entries, and those of the call that it has none of. */
function joined(own: Metadata, call: Metadata): Metadata {
  const keys = new Set(own.map(([key]) => key));
  return [...own, ...call.filter(([key]) => !keys.has(key))];
}

/** A symbol in a body means what it means in one call: side by side, the same symbol of two calls would claim equal sizes. */
function withoutSymbols(info: ValueInfo): ValueInfo {
  return info.type === undefined ? info : { ...info, type: typeWithoutSymbols(info.type) };
}

function typeWithoutSymbols(type: ValueType): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparseTensor':
      return type.shape === undefined ? type : { ...type, shape: type.shape.map((dimension) => (typeof dimension === 'number' ? dimension : undefined)) };
    case 'sequence':
    case 'optional':
      return { ...type, of: typeWithoutSymbols(type.of) };
    case 'map':
      return { ...type, value: typeWithoutSymbols(type.value) };
    case 'opaque':
      return type;
    default:
      return type satisfies never;
  }
}
