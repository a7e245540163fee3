// Making nodes, graphs and models from few words, and copying them; tensors are immutable and shared by copies.
import type { Attribute, AttributeValue, Graph, Int, Model, Node, ValueInfo, ValueType } from './model';
import type { ElementType } from '../tensor/elementType';
import type { Shape } from './model';

/** The fields a node may be made from; everything else is empty. */
export type NodeInit = Pick<Node, 'opType' | 'inputs' | 'outputs'> & Partial<Node>;

export function makeNode(init: NodeInit): Node {
  const name = init.name ?? '';
  return {
    name,
    domain: '',
    overload: '',
    attributes: new Map(),
    docString: '',
    metadata: [],
    origin: name === '' ? [] : [name],
    unknownFields: [],
    ...init,
  };
}

export function makeGraph(name: string, init: Partial<Graph> = {}): Graph {
  return {
    name,
    docString: '',
    nodes: [],
    inputs: [],
    outputs: [],
    valueInfo: new Map(),
    initializers: new Map(),
    sparseInitializers: new Map(),
    quantizationAnnotations: [],
    metadata: [],
    unknownFields: [],
    ...init,
  };
}

export function makeModel(graph: Graph, init: Partial<Model> = {}): Model {
  return {
    format: 'onnx',
    path: undefined,
    irVersion: 8,
    producerName: 'model-lathe',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    docString: '',
    opsetImports: new Map([['', 17]]),
    graph,
    functions: [],
    metadata: [],
    unknownFields: [],
    warnings: [],
    dispose: () => undefined,
    ...init,
  };
}

export function tensorType(elementType: ElementType, shape?: Shape): ValueType {
  return shape === undefined ? { kind: 'tensor', elementType } : { kind: 'tensor', elementType, shape };
}

export function tensorValue(name: string, elementType: ElementType, shape?: Shape): ValueInfo {
  return { name, type: tensorType(elementType, shape) };
}

/** Attribute map from plain values: integers become `int`, other numbers need `float()`; arrays likewise. */
export function attributes(values: Record<string, Int | string | readonly Int[] | AttributeValue>): Map<string, Attribute> {
  const map = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') map.set(name, { type: 'string', value });
    else if (typeof value === 'number' || typeof value === 'bigint') map.set(name, { type: 'int', value });
    else if (isIntList(value)) map.set(name, { type: 'ints', value });
    else map.set(name, value);
  }
  return map;
}

function isIntList(value: readonly Int[] | AttributeValue): value is readonly Int[] {
  return Array.isArray(value);
}

export function float(value: number): AttributeValue {
  return { type: 'float', value: Math.fround(value) };
}

/** A copy whose nodes, maps and subgraphs may be changed freely; tensors and value types are shared. */
export function cloneGraph(graph: Graph): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map(cloneNode),
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    valueInfo: new Map(graph.valueInfo),
    initializers: new Map(graph.initializers),
    sparseInitializers: new Map(graph.sparseInitializers),
    quantizationAnnotations: [...graph.quantizationAnnotations],
  };
}

export function cloneNode(node: Node): Node {
  const copied = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'graph') copied.set(name, { ...attribute, value: cloneGraph(attribute.value) });
    else if (attribute.type === 'graphs') copied.set(name, { ...attribute, value: attribute.value.map(cloneGraph) });
    else copied.set(name, attribute);
  }
  return { ...node, inputs: [...node.inputs], outputs: [...node.outputs], attributes: copied };
}

/** See {@link cloneGraph}. The copy keeps the source's path and does not own its files. */
export function cloneModel(model: Model): Model {
  return {
    ...model,
    opsetImports: new Map(model.opsetImports),
    graph: cloneGraph(model.graph),
    functions: model.functions.map((body) => ({ ...body, nodes: body.nodes.map(cloneNode) })),
    dispose: () => undefined,
  };
}
