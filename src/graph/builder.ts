// Building models from code, named as PyTorch's exporter names them: modules become name scopes, values take their node's name.
import { LatheError } from '../base/errors';
import type { ElementType } from '../tensor/elementType';
import { type Distribution, seededTensor } from '../tensor/seeded';
import { type Tensor, float32Tensor, int64Tensor, tensorFromArray } from '../tensor/tensor';
import { attributes, makeGraph, makeModel, makeNode, tensorValue } from './construct';
import { symbol } from './dimension';
import type { AttributeValue, Graph, Int, Model, Node, Shape, ValueInfo } from './model';

/** A shape as it is written in code: integers, and symbols by name. */
export type ShapeInit = readonly (number | string)[];
export type AttributeInit = Record<string, Int | string | readonly Int[] | AttributeValue>;

export interface BuilderOptions {
  /** Version of ai.onnx; 17 by default. */
  readonly opset?: number;
  /** All weights are computed from it and their names. */
  readonly seed?: number;
}

export interface NodeOptions {
  /** '' (ai.onnx) by default. */
  readonly domain?: string;
  /** How many outputs; 1 by default. */
  readonly outputs?: number;
  /** Instead of a name made of scope and operator; '' for none. */
  readonly name?: string;
}

/**
 * Scope of a module path, as the exporter writes it: `layer1.0.conv1` → `/layer1/layer1.0/conv1` (a number belongs to
 * the name before it).
 */
export function scopeOf(modulePath: string): string {
  let scope = '';
  let previous = '';
  for (const part of modulePath.split('.').filter((piece) => piece !== '')) {
    previous = /^\d+$/.test(part) && previous !== '' ? `${previous}.${part}` : part;
    scope += `/${previous}`;
  }
  return scope;
}

function toShape(shape: ShapeInit): Shape {
  return shape.map((dimension) => (typeof dimension === 'number' ? dimension : symbol(dimension)));
}

/** Collects nodes, weights, inputs and outputs of one graph. Every method that makes a value returns its name. */
export class GraphBuilder {
  private readonly graph: Graph;
  private readonly nodeNames = new Map<string, number>();
  private readonly domains = new Map<string, number>();
  private readonly seed: number;

  constructor(name: string, options: BuilderOptions = {}) {
    this.graph = makeGraph(name);
    this.seed = options.seed ?? 1;
    this.domains.set('', options.opset ?? 17);
  }

  /** Declares a domain other than ai.onnx. */
  useDomain(domain: string, version: number): void {
    this.domains.set(domain, version);
  }

  input(name: string, elementType: ElementType, shape: ShapeInit): string {
    this.graph.inputs.push(tensorValue(name, elementType, toShape(shape)));
    return name;
  }

  /** Makes `value` an output, renamed to `name` when that differs; every reader follows. */
  output(value: string, elementType: ElementType, shape: ShapeInit, name = value): void {
    if (name !== value) this.rename(value, name);
    this.graph.outputs.push(tensorValue(name, elementType, toShape(shape)));
  }

  /** The part of the graph that belongs to a module, e.g. `layer1.0.conv1`; '' is the model itself. */
  module(path: string): ModuleBuilder {
    return new ModuleBuilder(this, path);
  }

  /** Adds an initializer; one of the same name is replaced. */
  initializer(tensor: Tensor): string {
    this.graph.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /** A weight of seeded random numbers; takes no memory until it is written. */
  weight(name: string, dims: readonly number[], distribution: Distribution): string {
    return this.initializer(seededTensor(name, dims, this.seed, distribution));
  }

  /** Stores the numbers of an initializer under a second name. */
  copyInitializer(from: string, to: string): void {
    const tensor = this.graph.initializers.get(from);
    if (tensor === undefined) throw new LatheError('internal', `The builder has no initializer ${from}.`, { item: from });
    this.initializer({ ...tensor, name: to });
  }

  /** Adds a node with the exact names given. */
  addNode(node: Node): Node {
    this.graph.nodes.push(node);
    return node;
  }

  /** A name under the scope that no node has yet: the operator's, then with `_1`, `_2` … */
  freshName(scope: string, opType: string): string {
    const plain = `${scope}/${opType}`;
    const used = this.nodeNames.get(plain) ?? 0;
    this.nodeNames.set(plain, used + 1);
    return used === 0 ? plain : `${plain}_${used}`;
  }

  /** The finished model; the builder must not be used afterwards. */
  build(): Model {
    return makeModel(this.graph, { opsetImports: this.domains });
  }

  /** The finished graph, for use as a subgraph. */
  buildGraph(inputs: readonly ValueInfo[] = []): Graph {
    this.graph.inputs.push(...inputs);
    return this.graph;
  }

  private rename(from: string, to: string): void {
    for (const node of this.graph.nodes) {
      node.inputs = node.inputs.map((name) => (name === from ? to : name));
      node.outputs = node.outputs.map((name) => (name === from ? to : name));
    }
  }
}

/** Adds nodes and weights under one module's scope. */
export class ModuleBuilder {
  private readonly scope: string;

  constructor(
    private readonly builder: GraphBuilder,
    readonly path: string,
  ) {
    this.scope = scopeOf(path);
  }

  /** A module inside this one. */
  module(name: string): ModuleBuilder {
    return new ModuleBuilder(this.builder, this.path === '' ? name : `${this.path}.${name}`);
  }

  /** A node with one output, whose name is returned. */
  node(opType: string, inputs: readonly string[], attributeValues: AttributeInit = {}, options: NodeOptions = {}): string {
    return this.nodes(opType, inputs, attributeValues, options)[0] ?? '';
  }

  /** A node with `options.outputs` outputs, whose names are returned. */
  nodes(opType: string, inputs: readonly string[], attributeValues: AttributeInit = {}, options: NodeOptions = {}): string[] {
    const fresh = this.builder.freshName(this.scope, opType);
    const outputs = Array.from({ length: options.outputs ?? 1 }, (_, i) => `${fresh}_output_${i}`);
    const name = options.name ?? fresh;
    this.builder.addNode(makeNode({ name, opType, domain: options.domain ?? '', inputs: [...inputs], outputs, attributes: attributes(attributeValues) }));
    return outputs;
  }

  /** A random weight `<path>.<name>`; see {@link GraphBuilder.weight}. */
  weight(name: string, dims: readonly number[], distribution: Distribution): string {
    return this.builder.weight(this.parameter(name), dims, distribution);
  }

  /** An initializer `<path>.<name>` of integers. */
  int64(name: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.builder.initializer(int64Tensor(this.parameter(name), dims, values));
  }

  /** An initializer `<path>.<name>` of float32 numbers; a scalar by default. */
  float32(name: string, values: readonly number[], dims: readonly number[] = []): string {
    return this.builder.initializer(float32Tensor(this.parameter(name), dims, values));
  }

  /** An initializer `<path>.<name>` of float64 numbers. */
  float64(name: string, values: readonly number[], dims: readonly number[] = []): string {
    return this.builder.initializer(tensorFromArray(this.parameter(name), 'float64', dims, Float64Array.from(values)));
  }

  /** Gives one of this module's initializers the numbers of another, under its own name. */
  copyWeight(from: string, to: string): void {
    this.builder.copyInitializer(this.parameter(from), this.parameter(to));
  }

  private parameter(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}
