// Thirty ways to damage the structure of a valid model: what a broken exporter, a hand edit or an attacker leaves behind.
import { tensorType } from '../../src/graph/construct';
import type { Attribute, Graph, Model, Node, Shape } from '../../src/graph/model';
import { walkNodes } from '../../src/graph/traverse';
import { operatorRows } from '../../src/operators/table';
import { elementTypes } from '../../src/tensor/elementType';
import { float32Tensor, int64Tensor, type Tensor } from '../../src/tensor/tensor';

/** Chooses below `count`; 0 where there is nothing to choose from. */
export type Pick = (count: number) => number;

export interface StructuralChange {
  readonly title: string;
  readonly apply: (model: Model, pick: Pick) => void;
}

const nodesOf = (model: Model): Node[] => [...walkNodes(model.graph)].map(({ node }) => node);
const one = <Item>(items: readonly Item[], pick: Pick): Item | undefined => items[pick(items.length)];
const valuesOf = (model: Model): string[] => [...model.graph.inputs.map(({ name }) => name), ...model.graph.initializers.keys(), ...nodesOf(model).flatMap(({ outputs }) => outputs)];

/** Does something with one node, if there is one. */
const toNode =
  (change: (node: Node, pick: Pick, model: Model) => void): StructuralChange['apply'] =>
  (model, pick) => {
    const node = one(nodesOf(model), pick);
    if (node !== undefined) change(node, pick, model);
  };

/** Replaces one attribute of one node. */
const toAttribute = (values: readonly Attribute[]): StructuralChange['apply'] =>
  toNode((node, pick) => {
    const name = one([...node.attributes.keys()], pick);
    const value = one(values, pick);
    if (name !== undefined && value !== undefined) node.attributes.set(name, value);
  });

/** Replaces one initializer by another of its name. */
const toInitializer =
  (change: (tensor: Tensor, pick: Pick) => Tensor): StructuralChange['apply'] =>
  (model, pick) => {
    const name = one([...model.graph.initializers.keys()], pick);
    const tensor = name === undefined ? undefined : model.graph.initializers.get(name);
    if (name !== undefined && tensor !== undefined) model.graph.initializers.set(name, { ...change(tensor, pick), name });
  };

const toInputShape =
  (change: (shape: Shape, pick: Pick) => Shape): StructuralChange['apply'] =>
  (model, pick) => {
    const at = pick(model.graph.inputs.length);
    const input = model.graph.inputs[at];
    if (input?.type?.kind !== 'tensor' || input.type.shape === undefined) return;
    model.graph.inputs[at] = { ...input, type: { ...input.type, shape: change(input.type.shape, pick) } };
  };

/** Declares a type of some inner value. */
const declare =
  (shapeOf: (pick: Pick) => Shape | undefined): StructuralChange['apply'] =>
  (model, pick) => {
    const name = one(nodesOf(model).flatMap(({ outputs }) => outputs.filter((output) => output !== '')), pick);
    const shape = shapeOf(pick);
    if (name !== undefined) model.graph.valueInfo.set(name, { name, type: tensorType(one(elementTypes, pick) ?? 'float32', shape) });
  };

function wrapInIf(graph: Graph, node: Node): void {
  const branch = (): Graph => ({ ...graph, nodes: [{ ...node, attributes: new Map(node.attributes) }], inputs: [], outputs: node.outputs.map((name) => ({ name })), initializers: new Map(), valueInfo: new Map() });
  node.opType = 'If';
  node.domain = '';
  node.attributes = new Map<string, Attribute>([
    ['then_branch', { type: 'graph', value: branch() }],
    ['else_branch', { type: 'graph', value: branch() }],
  ]);
  node.inputs = node.inputs.slice(0, 1);
}

const extremeInts: readonly Attribute[] = [0, -1, 2 ** 31, 2 ** 53 - 1, -(2 ** 53) + 1, 9223372036854775807n].map((value) => ({ type: 'int', value }));

export const structuralChanges: readonly StructuralChange[] = [
  { title: 'an input rewired to any value', apply: toNode((node, pick, model) => (node.inputs[pick(node.inputs.length)] = one(valuesOf(model), pick) ?? '')) },
  { title: 'an input rewired to nothing there is', apply: toNode((node, pick) => (node.inputs[pick(node.inputs.length)] = 'nowhere')) },
  { title: 'an input left out', apply: toNode((node, pick) => (node.inputs[pick(node.inputs.length)] = '')) },
  { title: 'an input removed', apply: toNode((node, pick) => node.inputs.splice(pick(node.inputs.length), 1)) },
  { title: 'all inputs removed', apply: toNode((node) => (node.inputs = [])) },
  { title: 'inputs in reverse order', apply: toNode((node) => node.inputs.reverse()) },
  { title: 'a thousand more inputs', apply: toNode((node, pick, model) => node.inputs.push(...Array.from({ length: 1000 }, () => one(valuesOf(model), pick) ?? ''))) },
  { title: 'a node that reads what it makes', apply: toNode((node, pick) => (node.inputs[pick(node.inputs.length)] = node.outputs[0] ?? '')) },
  { title: 'an output of another name', apply: toNode((node, pick) => (node.outputs[pick(node.outputs.length)] = 'elsewhere')) },
  { title: 'an output made twice', apply: toNode((node, pick, model) => (node.outputs[pick(node.outputs.length)] = one(valuesOf(model), pick) ?? '')) },
  { title: 'all outputs removed', apply: toNode((node) => (node.outputs = [])) },
  { title: 'outputs nobody asked for', apply: toNode((node) => node.outputs.push(...Array.from({ length: 40 }, (_, i) => `extra_${node.outputs[0] ?? ''}_${i}`))) },
  { title: 'nodes in random order', apply: (model, pick) => model.graph.nodes.sort(() => pick(3) - 1) },
  { title: 'a node removed', apply: (model, pick) => model.graph.nodes.splice(pick(model.graph.nodes.length), 1) },
  { title: 'a node twice', apply: toNode((node, _, model) => model.graph.nodes.push({ ...node })) },
  { title: 'another operator', apply: toNode((node, pick) => (node.opType = one(operatorRows, pick)?.opType ?? '')) },
  { title: 'an operator of another domain', apply: toNode((node, pick) => (node.domain = one(['com.microsoft', 'ai.onnx.ml', 'no.such', '__proto__'], pick) ?? '')) },
  { title: 'every node of one name', apply: (model) => nodesOf(model).forEach((node) => (node.name = 'constructor')) },
  { title: 'an attribute removed', apply: toNode((node, pick) => node.attributes.delete(one([...node.attributes.keys()], pick) ?? '')) },
  { title: 'an attribute of an extreme number', apply: toAttribute(extremeInts) },
  { title: 'an attribute of a strange list', apply: toAttribute([[], [-3, 0, 7, 2 ** 40], Array.from({ length: 70 }, (_, i) => i), [0, 0, 0, 0]].map((value) => ({ type: 'ints', value }))) },
  { title: 'an attribute of another type', apply: toAttribute([{ type: 'string', value: '...i,->' }, { type: 'float', value: NaN }, { type: 'tensor', value: int64Tensor('', [3], [1, -1, 0]) }, { type: 'strings', value: ['', '\u202e'] }]) },
  { title: 'a graph for an attribute', apply: toNode((node, _, model) => wrapInIf(model.graph, node)) },
  { title: 'another version of the operator set', apply: (model, pick) => void model.opsetImports.set('', 1 + pick(27)) },
  { title: 'an initializer of another shape', apply: toInitializer((tensor, pick) => ({ ...tensor, dims: [...tensor.dims].reverse().slice(pick(2)) })) },
  { title: 'a float initializer where numbers were whole, or the reverse', apply: toInitializer((tensor) => (tensor.elementType === 'int64' ? float32Tensor('', [2], [NaN, 1e30]) : int64Tensor('', [2], [-1, 2 ** 40]))) },
  { title: 'an initializer removed', apply: (model, pick) => model.graph.initializers.delete(one([...model.graph.initializers.keys()], pick) ?? '') },
  { title: 'an input dimension changed', apply: toInputShape((shape, pick) => shape.map((dimension, axis) => (axis === pick(shape.length) ? one([0, 1, 7, 2 ** 40, undefined], pick) : dimension))) },
  { title: 'an input of another rank', apply: toInputShape((shape, pick) => (pick(2) === 0 ? shape.slice(1) : [...shape, 3, 3])) },
  { title: 'an inner value declared to be what it is not', apply: declare((pick) => one([undefined, [], [2, 3], [0], [2 ** 31, 2 ** 31, 2 ** 31], Array.from({ length: 64 }, () => 2)], pick)) },
];
