// A model-local function's body as one call makes it: attributes the call gives put in where the body refers to them.
import { cloneNode, makeGraph } from '../graph/construct';
import type { Attribute, FunctionBody, Graph, Node } from '../graph/model';
import { subgraphs } from '../graph/traverse';

/** A fresh graph of the body's nodes for one call; its inputs and outputs bear the function's own names. */
export function instantiate(body: FunctionBody, call: Node): Graph {
  const nodes = body.nodes.map(cloneNode);
  const given = (name: string): Attribute | undefined => call.attributes.get(name) ?? body.attributeDefaults.get(name);
  for (const node of nodes) resolve(node, given);
  return makeGraph(body.name, {
    nodes,
    inputs: body.inputs.map((name) => ({ name })),
    outputs: body.outputs.map((name) => ({ name })),
    valueInfo: new Map(body.valueInfo.map((info) => [info.name, info])),
  });
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
