// Raising the operators of one graph, a model's or a function's body, from one version of ai.onnx to another.
import { FunctionTable } from '../../analysis/functions';
import type { TypeInference } from '../../analysis/infer';
import type { FreeNames } from '../../base/freeNames';
import { LatheError } from '../../base/errors';
import { makeNode } from '../../graph/construct';
import type { Graph, Model, Node, Shape } from '../../graph/model';
import { takenNames } from '../../graph/takenNames';
import { nodeReads, walkNodes } from '../../graph/traverse';
import { normalDomain } from '../../graph/opsets';
import { findOperator } from '../../operators/table';
import type { ElementType } from '../../tensor/elementType';
import type { OpsetChange, OpsetRow } from './opset';
import { opsetRows } from './opsetRows';

/** How many nodes each row rewrote. */
export type ChangeCounts = Map<OpsetRow, number>;

/**
 * Rewrites the nodes of a graph and its subgraphs in place; `types` knows the graph. Calls of the model's functions are left.
 * @throws LatheError `unsupported` for an operator that is not known, and where a change is not mechanical
 */
export function raiseGraph(root: Graph, { from, to }: { readonly from: number; readonly to: number }, model: Pick<Model, 'functions' | 'path'>, types: TypeInference, counts: ChangeCounts): void {
  const file = model.path === undefined ? {} : { file: model.path };
  const functions = new FunctionTable(model.functions);
  const surroundings = new Surroundings(root, types);
  const rows = [...opsetRows].filter(({ version }) => from < version && version <= to).sort((a, b) => a.version - b.version);
  for (const { node, graph } of [...walkNodes(root)]) {
    if (normalDomain(node.domain) !== '' || functions.calledBy(node) !== undefined) continue;
    // By the operator it was: Upsample becomes Resize, and what that changed before is not done to it.
    const { opType } = node;
    if (findOperator('', opType, from) === undefined) throw new LatheError('unsupported', `The opset cannot be raised: ${opType} is no operator that is known here.`, { ...file, item: nodeName(node) });
    for (const row of rows) {
      if (row.op !== opType && row.op !== '*') continue;
      const before = outline(node);
      row.change(surroundings.change(node, graph, row.version, to));
      if (outline(node) !== before) counts.set(row, (counts.get(row) ?? 0) + 1);
    }
  }
}

const nodeName = (node: Node): string => node.name || (node.outputs[0] ?? node.opType);

/** Equal where nothing of the node was rewritten; no change reaches into tensors and graphs. */
const outline = ({ opType, inputs, outputs, attributes }: Node): string => {
  const values = [...attributes].map(([name, { type, value }]) => [name, type, typeof value === 'object' && !Array.isArray(value) ? '' : String(value)]);
  return JSON.stringify([opType, inputs, outputs, values]);
};

/** What is known of the graph as it was, and the names that are taken in it. */
class Surroundings {
  private readonly names: FreeNames;
  private readonly read = new Set<string>();

  constructor(
    root: Graph,
    private readonly types: TypeInference,
  ) {
    this.names = takenNames(root);
    for (const { name } of root.outputs) this.read.add(name);
    for (const { node, graph } of walkNodes(root)) {
      for (const name of nodeReads(node)) this.read.add(name);
      for (const { name } of graph.outputs) this.read.add(name);
    }
  }

  change(node: Node, graph: Graph, version: number, to: number): OpsetChange {
    const tensorType = (value: string): { readonly elementType: ElementType; readonly shape?: Shape } | undefined => {
      const type = this.types.typeOf(graph, value);
      return type?.kind === 'tensor' ? type : undefined;
    };
    const opType = node.opType;
    const fresh = (suffix: string): string => this.names.fresh(`${node.outputs[0] ?? node.name}_${suffix}`);
    return {
      node,
      version,
      to,
      constant: (suffix, make) => {
        const name = fresh(suffix);
        graph.initializers.set(name, make(name));
        return name;
      },
      add: (where, suffix, init) => {
        const name = fresh(suffix);
        const added = makeNode({ ...init, name, outputs: [name], origin: node.origin });
        graph.nodes.splice(graph.nodes.indexOf(node) + (where === 'after' ? 1 : 0), 0, added);
        return added;
      },
      shapeOf: (value) => tensorType(value)?.shape,
      elementTypeOf: (value) => tensorType(value)?.elementType,
      tensorOf: (value) => this.types.constantOf(graph, value),
      isRead: (value) => this.read.has(value),
      refuse: (why) => {
        throw new LatheError('unsupported', `The opset cannot be raised: ${opType} changed in version ${version}, and ${why}.`, { item: nodeName(node) });
      },
    };
  }
}
