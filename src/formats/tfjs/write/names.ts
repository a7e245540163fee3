// How the values of a graph are called in a GraphDef, where a value is named by its node and the number of the output.
import { FreeNames } from '../../../base/freeNames';
import type { Graph, Node } from '../../../graph/model';

/** What a value may be called as if it were a node: no other output of a node, no control input. */
function isNodeName(name: string): boolean {
  return name !== '' && !name.startsWith('^') && !/:\d+$/.test(name);
}

export class GraphNames {
  /** References by value. */
  private readonly references = new Map<string, string>();
  private readonly nodeNames = new Map<Node, string>();
  /** Names in the file by the name of the node in the model, for inputs that are only waited for. */
  private readonly byNode = new Map<string, string>();
  private readonly written = new Set<string>();

  constructor(graph: Pick<Graph, 'inputs' | 'initializers' | 'nodes'>) {
    const names = new FreeNames();
    const constants = [...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()];
    const firsts = graph.nodes.map(({ outputs }) => outputs[0] ?? '');
    for (const name of [...constants, ...firsts]) if (isNodeName(name)) names.take(name);
    const place = (value: string): string => (isNodeName(value) ? value : names.fresh(value.replace(/^\^+/, '').replaceAll(':', '_')));
    for (const value of constants) this.references.set(value, this.write(place(value)));
    for (const [i, node] of graph.nodes.entries()) {
      const first = firsts[i] ?? '';
      const name = this.write(first !== '' ? place(first) : names.fresh(isNodeName(node.name) ? node.name : node.opType));
      this.nodeNames.set(node, name);
      this.byNode.set(node.name, name);
      for (const [output, value] of node.outputs.entries()) if (value !== '') this.references.set(value, output === 0 ? name : `${name}:${output}`);
    }
  }

  /** How the inputs of nodes name a value. */
  reference(value: string): string {
    return this.references.get(value) ?? value;
  }

  /** What an input or a constant, of the value's name, is called in the file. */
  nodeOf(value: string): string {
    return this.reference(value);
  }

  /** What a node is called in the file: as its first output, so that outputs of the model keep their names. */
  nameOf(node: Node): string {
    return this.nodeNames.get(node) ?? node.name;
  }

  /** A node that is waited for; undefined where there is none of that name any more. */
  control(name: string): string | undefined {
    const known = this.byNode.get(name) ?? name;
    return this.written.has(known) ? known : undefined;
  }

  private write(name: string): string {
    this.written.add(name);
    return name;
  }
}
