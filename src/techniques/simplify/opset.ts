// Raising a model's opset where each operator's change is mechanical; refuses, naming node, operator and version, where it is not.
import { inferTypes, type TypeInference } from '../../analysis/infer';
import { FreeNames } from '../../base/freeNames';
import { LatheError } from '../../base/errors';
import { cloneModel, makeNode, type NodeInit } from '../../graph/construct';
import type { Graph, Model, Node, Shape } from '../../graph/model';
import { newestOpset } from '../../graph/opsets';
import { nodeReads, subgraphs, walkNodes } from '../../graph/traverse';
import { freeWeightsFromInputs } from '../../graph/weightInputs';
import { findOperator, normalDomain } from '../../operators/table';
import type { ElementType } from '../../tensor/elementType';
import type { Tensor } from '../../tensor/tensor';
import { opsetRows } from './opsetRows';

/** What a change is given: the node, ways to add constants and nodes beside it, and what holds of its values whenever the model runs. */
export interface OpsetChange {
  readonly node: Node;
  /** The version that is being reached, and the one that the model is raised to in the end. */
  readonly version: number;
  readonly to: number;
  /** Adds an initializer to the node's graph and returns its name. */
  readonly constant: (suffix: string, make: (name: string) => Tensor) => string;
  /** Adds a node before or after this one; its only output has a fresh name. */
  readonly add: (where: 'before' | 'after', suffix: string, init: Omit<NodeInit, 'outputs' | 'name'>) => Node;
  readonly shapeOf: (value: string) => Shape | undefined;
  readonly elementTypeOf: (value: string) => ElementType | undefined;
  /** A constant that nobody can override. */
  readonly tensorOf: (value: string) => Tensor | undefined;
  /** True when a node reads the value, or a graph gives it out. */
  readonly isRead: (value: string) => boolean;
  /** @throws LatheError `unsupported`, naming node, operator and version. */
  readonly refuse: (why: string) => never;
}

/** What one version of ai.onnx changed of one operator; `*`: of all. */
export interface OpsetRow {
  readonly op: string;
  readonly version: number;
  readonly change: (change: OpsetChange) => void;
}

export interface RaisedOpset {
  readonly model: Model;
  /** Operators whose nodes were rewritten, by version. */
  readonly changes: readonly { readonly op: string; readonly version: number; readonly nodes: number }[];
}

/** IR version that models of opset 12 and later have at least (ONNX, Versioning.md). */
const leastIrVersion = 7;

/**
 * A copy of the model at the given opset of ai.onnx, or the model itself where it already is there.
 * @throws LatheError `unsupported` above the newest opset known, for a model with functions of its own that use ai.onnx, and
 * for a node whose change is not mechanical.
 */
export function raiseOpset(model: Model, to: number): Model {
  return raisedOpset(model, to).model;
}

/** See {@link raiseOpset}. */
export function raisedOpset(model: Model, to: number): RaisedOpset {
  const from = opsetOfModel(model);
  if (from === undefined || from >= to) return { model, changes: [] };
  const file = model.path === undefined ? {} : { file: model.path };
  if (to > newestOpset) throw new LatheError('unsupported', `Opset ${to} is not known: the newest is ${newestOpset}.`, file);
  const own = model.functions.find((body) => opsetOfModel(body) !== undefined);
  if (own !== undefined) throw new LatheError('unsupported', `The opset cannot be raised: the model's function ${own.name} is written in opset ${opsetOfModel(own) ?? from}, and functions are not rewritten.`, { ...file, item: own.name });
  const raised = cloneModel(model);
  const surroundings = new Surroundings(raised);
  const counts = new Map<OpsetRow, number>();
  const rows = [...opsetRows].filter(({ version }) => from < version && version <= to).sort((a, b) => a.version - b.version);
  for (const { node, graph } of [...walkNodes(raised.graph)]) {
    if (normalDomain(node.domain) !== '') continue;
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
  raised.opsetImports.delete('ai.onnx');
  raised.opsetImports.set('', to);
  // Initializers need not be inputs from IR 4 on, and the constants added above are not.
  freeWeightsFromInputs(raised);
  raised.irVersion = Math.max(raised.irVersion, leastIrVersion);
  return { model: raised, changes: [...counts].map(([{ op, version }, nodes]) => ({ op, version, nodes })) };
}

/** Version of ai.onnx that a model imports. */
export function opsetOfModel({ opsetImports }: { readonly opsetImports: ReadonlyMap<string, number> }): number | undefined {
  return opsetImports.get('') ?? opsetImports.get('ai.onnx');
}

const nodeName = (node: Node): string => node.name || (node.outputs[0] ?? node.opType);

/** Equal where nothing of the node was rewritten; no change reaches into tensors and graphs. */
const outline = ({ opType, inputs, outputs, attributes }: Node): string => {
  const values = [...attributes].map(([name, { type, value }]) => [name, type, typeof value === 'object' && !Array.isArray(value) ? '' : String(value)]);
  return JSON.stringify([opType, inputs, outputs, values]);
};

/** What is known of the model as it was, and the names that are taken in it. */
class Surroundings {
  private readonly types: TypeInference;
  private readonly names = new FreeNames();
  private readonly read = new Set<string>();

  constructor(model: Model) {
    this.types = inferTypes(model, { proven: true });
    this.collect(model.graph);
    for (const { node, graph } of walkNodes(model.graph)) {
      this.names.take(node.name);
      for (const name of node.outputs) this.names.take(name);
      for (const name of nodeReads(node)) this.read.add(name);
      for (const inner of subgraphs(node)) this.collect(inner.graph);
      for (const { name } of graph.outputs) this.read.add(name);
    }
  }

  private collect(graph: Graph): void {
    for (const { name } of graph.inputs) this.names.take(name);
    for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) this.names.take(name);
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
