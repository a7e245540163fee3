// A model's own functions: which one a node calls, and its body as one call makes it: attributes the call gives put in where the body refers to them.
import { cloneNode, makeGraph } from '../graph/construct';
import type { Attribute, FunctionBody, Graph, Node } from '../graph/model';
import { functionKey, normalDomain } from '../graph/opsets';
import { type NodeKey, subgraphs } from '../graph/traverse';

/** Finds the function a node calls: by domain, name and overload; where two are called the same, the last. */
export class FunctionTable {
  private readonly functions: ReadonlyMap<string, FunctionBody>;

  constructor(functions: readonly FunctionBody[]) {
    this.functions = new Map(functions.map((body) => [functionKey(body.domain, body.name, body.overload), body]));
  }

  calledBy(node: Node): FunctionBody | undefined {
    return this.functions.size === 0 ? undefined : this.functions.get(functionKey(node.domain, node.opType, node.overload));
  }
}

/** A call that gave way to its function's body. */
export interface CallSite {
  /** The call's key in the model it stood in; of a call within a body, the name it got there. */
  readonly key: NodeKey;
  readonly call: Node;
  readonly body: FunctionBody;
  /** Where the body's nodes stand now. */
  readonly graph: Graph;
  /** The call whose body held this one. */
  readonly outer: CallSite | undefined;
}

/** How a function is called in messages and options: `domain::name`, `domain::name:overload`. */
export function functionLabel({ domain, name, overload }: Pick<FunctionBody, 'domain' | 'name' | 'overload'>): string {
  return `${normalDomain(domain) === '' ? 'ai.onnx' : domain}::${name}${overload === '' ? '' : `:${overload}`}`;
}

/**
 * A fresh graph of the body's nodes for one call; its inputs and outputs bear the function's own names. An input the call leaves
 * out is left out inside; two that it gives one value are one inside.
 */
export function instantiate(body: FunctionBody, call: Node): Graph {
  const nodes = body.nodes.map(cloneNode);
  const given = (name: string): Attribute | undefined => call.attributes.get(name) ?? body.attributeDefaults.get(name);
  for (const node of nodes) resolve(node, given);
  const replaced = replacedInputs(body, call);
  if (replaced.size > 0) for (const node of nodes) replaceReads(node, replaced, new Set(call.attributes.values()));
  return makeGraph(body.name, {
    nodes,
    inputs: body.inputs.map((name) => ({ name })),
    outputs: body.outputs.map((name) => ({ name })),
    valueInfo: new Map(body.valueInfo.map((info) => [info.name, info])),
  });
}

/** By the name of an input: what is read instead. */
function replacedInputs(body: FunctionBody, call: Node): Map<string, string> {
  const replaced = new Map<string, string>();
  const first = new Map([['', '']]);
  body.inputs.forEach((name, i) => {
    const given = call.inputs[i] ?? '';
    const by = first.get(given);
    if (by === undefined) first.set(given, name);
    else replaced.set(name, by);
  });
  return replaced;
}

/** Graphs that the call gave read the values around the call, not those of the body. */
function replaceReads(node: Node, replaced: ReadonlyMap<string, string>, given: ReadonlySet<Attribute>): void {
  node.inputs = node.inputs.map((name) => replaced.get(name) ?? name);
  for (const attribute of node.attributes.values()) {
    if (given.has(attribute)) continue;
    const graphs = attribute.type === 'graph' ? [attribute.value] : attribute.type === 'graphs' ? attribute.value : [];
    for (const graph of graphs) {
      const own = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys(), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
      const outer = new Map([...replaced].filter(([name]) => !own.has(name)));
      for (const inner of graph.nodes) replaceReads(inner, outer, given);
    }
  }
}

function resolve(node: Node, given: (name: string) => Attribute | undefined): void {
  for (const [name, attribute] of node.attributes) {
    if (attribute.reference === undefined || attribute.reference === '') continue;
    const value = given(attribute.reference);
    // An attribute the call leaves out is left out of the node too: the operator's default holds.
    if (value === undefined) node.attributes.delete(name);
    else node.attributes.set(name, value);
  }
  for (const { graph } of subgraphs(node)) for (const inner of graph.nodes) resolve(inner, given);
}
