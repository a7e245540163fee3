// Constant folding of float arithmetic, done by the runtime itself so that the result is what it would compute: one run for all.
import { throwIfCancelled } from '../../base/cancellation';
import { makeGraph, makeModel, makeNode } from '../../graph/construct';
import type { Model, Node } from '../../graph/model';
import type { GraphEditor, ModelEditor } from '../../graph/rewrite';
import { isDeterministic } from '../../operators/row';
import { findOperator } from '../../operators/table';
import { packedByteLength } from '../../tensor/elementType';
import { elementCount, type Tensor } from '../../tensor/tensor';
import type { TechniqueContext } from '../technique';
import type { SimplifyContext } from './context';
import { becomeConstants, worthKeeping } from './rules/fold';

/** A node whose result is to be kept: everything it depends on is constant, what reads it is not. */
interface Root {
  readonly node: Node;
  readonly scope: GraphEditor;
}

/** Nodes never folded: their results are large, random, or already constant. */
const excluded = new Set(['Constant', 'ConstantOfShape', 'DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear']);

/** Nodes all of whose inputs are constant or made by such nodes, in order. */
function foldableNodes(scope: GraphEditor, context: SimplifyContext): Set<Node> {
  const foldable = new Set<Node>();
  for (const node of scope.graph.nodes) {
    if (scope.model.scopeOf(node) !== scope || node.domain !== '' || excluded.has(node.opType) || scope.children.has(node) || node.inputs.length === 0) continue;
    const row = findOperator('', node.opType, context.opset);
    if (row === undefined || !isDeterministic(row, node)) continue;
    const constant = node.inputs.every((name) => {
      if (name === '' || scope.constant(name) !== undefined) return true;
      const producer = scope.producer(name);
      return producer !== undefined && foldable.has(producer);
    });
    if (constant && node.inputs.some((name) => name !== '')) foldable.add(node);
  }
  return foldable;
}

/** Constants that go when a root's whole tree goes, roughly: those read by nodes that all go with it. */
function constantBytes(root: Node, scope: GraphEditor, foldable: ReadonlySet<Node>): number {
  let bytes = 0;
  const seen = new Set<string>();
  const visit = (node: Node): void => {
    for (const name of node.inputs) {
      if (name === '' || seen.has(name)) continue;
      seen.add(name);
      const producer = scope.producer(name);
      if (producer !== undefined && foldable.has(producer)) visit(producer);
      else if (scope.uses(name).every((use) => foldable.has(use.node))) bytes += scope.constant(name)?.source.byteLength ?? 0;
    }
  };
  visit(root);
  return bytes;
}

function findRoots(editor: ModelEditor, context: SimplifyContext): { roots: Root[]; foldable: Set<Node> } {
  const roots: Root[] = [];
  const all = new Set<Node>();
  for (const scope of editor.allScopes()) {
    const foldable = foldableNodes(scope, context);
    for (const node of foldable) {
      all.add(node);
      const [output = ''] = node.outputs;
      if (node.outputs.length !== 1 || scope.isOutput(output)) continue;
      if (scope.uses(output).every((use) => foldable.has(use.node))) continue;
      const dims = context.dimsOf(scope, output);
      const type = context.elementTypeOf(scope, output);
      if (dims === undefined || type === undefined || type === 'string') continue;
      if (worthKeeping(node, packedByteLength(type, elementCount(dims)), constantBytes(node, scope, foldable), context)) roots.push({ node, scope });
    }
  }
  return { roots, foldable: all };
}

/** A model without inputs that computes the roots; names are made unique, as they come from several graphs. */
function modelOf(roots: readonly Root[], foldable: ReadonlySet<Node>, context: SimplifyContext): { model: Model; outputs: string[] } {
  const { model: source } = context.editor;
  const graph = makeGraph('folding');
  const taken = new Map<GraphEditor, Map<string, string>>();
  let values = 0;
  const nameOf = (scope: GraphEditor, name: string): string => {
    const owner = scope.resolve(name);
    let names = taken.get(owner);
    if (names === undefined) taken.set(owner, (names = new Map<string, string>()));
    let unique = names.get(name);
    if (unique === undefined) names.set(name, (unique = `v${values++}`));
    return unique;
  };
  const placed = new Set<Node>();
  const place = (node: Node, scope: GraphEditor): void => {
    if (placed.has(node)) return;
    placed.add(node);
    for (const name of node.inputs) {
      if (name === '') continue;
      const producer = scope.producer(name);
      const tensor = scope.constant(name);
      if (tensor !== undefined) graph.initializers.set(nameOf(scope, name), { ...tensor, name: nameOf(scope, name) });
      else if (producer !== undefined && foldable.has(producer)) place(producer, context.editor.scopeOf(producer) ?? scope);
    }
    const renamed = (name: string): string => (name === '' ? '' : nameOf(scope, name));
    graph.nodes.push(makeNode({ ...node, name: `n${graph.nodes.length}`, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }));
  };
  const outputs: string[] = [];
  for (const { node, scope } of roots) {
    place(node, scope);
    const [output = ''] = node.outputs;
    const type = context.typeOf(scope, output);
    const name = nameOf(scope, output);
    graph.outputs.push(type === undefined ? { name } : { name, type });
    outputs.push(name);
  }
  return { model: makeModel(graph, { opsetImports: new Map(source.opsetImports), irVersion: Math.max(4, source.irVersion) }), outputs };
}

/**
 * Replaces what float operators make of constants by their results, computed by the runtime in one run.
 * @returns how many results became initializers; 0 when the runtime refuses (the model is then left as it is)
 */
export async function foldFloats(context: SimplifyContext, work: TechniqueContext): Promise<number> {
  const { editor } = context;
  const { roots, foldable } = findRoots(editor, context);
  if (roots.length === 0) return 0;
  const { model, outputs } = modelOf(roots, foldable, context);
  let results: Map<string, Tensor>;
  try {
    results = await work.runModel(model, new Map(), outputs);
  } catch (thrown) {
    throwIfCancelled(work.signal);
    work.log.warn(`Float constants were not folded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 0;
  }
  let folded = 0;
  roots.forEach(({ node, scope }, i) => {
    const tensor = results.get(outputs[i] ?? '');
    if (tensor === undefined) return;
    becomeConstants(node, [tensor], scope);
    folded++;
  });
  return folded;
}
