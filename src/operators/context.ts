// What an operator's row sees of one node: the types of its inputs, what is known of their elements, its attributes.
import { LatheError } from '../base/errors';
import { formatShape } from '../graph/dimension';
import type { Graph, Node, Shape, ValueType } from '../graph/model';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../graph/traverse';
import type { ElementType } from '../tensor/elementType';
import type { Tensor } from '../tensor/tensor';
import type { Values } from './row';

/** Where a row's view of the inputs comes from: the inference of a whole model, or a few tensors in hand. */
export interface ValueScope {
  type(name: string): ValueType | undefined;
  /** Elements of a small tensor, see {@link Values}. */
  values(name: string): Values | undefined;
  /** The tensor a value is whenever the model runs. */
  constant(name: string): Tensor | undefined;
  /** Types of a subgraph's outputs, given those of its inputs (or of what is known of them). */
  subgraph(graph: Graph, inputs: readonly (ValueType | undefined)[], values?: readonly (Values | undefined)[]): readonly (ValueType | undefined)[];
  /** Types of the outputs of a graph that may or may not run. */
  branch(graph: Graph): Branch;
  /** What is known of the elements of a subgraph's outputs, as it was inferred last. */
  outcome(graph: Graph): readonly (Values | undefined)[];
}

export interface Branch {
  readonly types: readonly (ValueType | undefined)[];
  /** False where shapes contradict each other in it: at these sizes it is the branch not taken. */
  readonly possible: boolean;
}

/** Said when shapes or types contradict each other; becomes a finding, not a crash. */
export class Contradiction extends LatheError {
  constructor(message: string, item: string) {
    super('invalid-model', message, { item });
  }
}

export class OperatorContext {
  constructor(
    readonly node: Node,
    readonly opset: number,
    private readonly scope: ValueScope,
  ) {}

  get inputCount(): number {
    return this.node.inputs.length;
  }

  get outputCount(): number {
    return this.node.outputs.length;
  }

  has(input: number): boolean {
    const name = this.node.inputs[input];
    return name !== undefined && name !== '';
  }

  hasOutput(output: number): boolean {
    const name = this.node.outputs[output];
    return name !== undefined && name !== '';
  }

  type(input: number): ValueType | undefined {
    const name = this.node.inputs[input];
    return name === undefined || name === '' ? undefined : this.scope.type(name);
  }

  shape(input: number): Shape | undefined {
    const type = this.type(input);
    return type?.kind === 'tensor' || type?.kind === 'sparseTensor' ? type.shape : undefined;
  }

  rank(input: number): number | undefined {
    return this.shape(input)?.length;
  }

  elementType(input: number): ElementType | undefined {
    const type = this.type(input);
    return type?.kind === 'tensor' || type?.kind === 'sparseTensor' ? type.elementType : undefined;
  }

  values(input: number): Values | undefined {
    const name = this.node.inputs[input];
    return name === undefined || name === '' ? undefined : this.scope.values(name);
  }

  /** Elements of an input where all are plain numbers. */
  numbers(input: number): readonly number[] | undefined {
    const values = this.values(input);
    return values?.every((value) => typeof value === 'number') === true ? values : undefined;
  }

  constant(input: number): Tensor | undefined {
    const name = this.node.inputs[input];
    return name === undefined || name === '' ? undefined : this.scope.constant(name);
  }

  /** Shape of an input where every dimension is a number. */
  dims(input: number): readonly number[] | undefined {
    const shape = this.shape(input);
    return shape?.every((dimension) => typeof dimension === 'number') === true ? shape : undefined;
  }

  int(name: string, fallback: number): number;
  int(name: string): number | undefined;
  int(name: string, fallback?: number): number | undefined {
    return fallback === undefined ? intAttribute(this.node, name) : intAttribute(this.node, name, fallback);
  }

  ints(name: string): readonly number[] | undefined {
    return intsAttribute(this.node, name);
  }

  float(name: string, fallback: number): number {
    return floatAttribute(this.node, name, fallback);
  }

  /** How many entries a list attribute has; 0 where it is not set. */
  entries(name: string): number {
    const value = this.node.attributes.get(name)?.value;
    return Array.isArray(value) ? value.length : 0;
  }

  text(name: string, fallback: string): string {
    return stringAttribute(this.node, name) ?? fallback;
  }

  tensorAttribute(name: string): Tensor | undefined {
    const attribute = this.node.attributes.get(name);
    return attribute?.type === 'tensor' ? attribute.value : undefined;
  }

  graph(name: string): Graph | undefined {
    const attribute = this.node.attributes.get(name);
    return attribute?.type === 'graph' ? attribute.value : undefined;
  }

  subgraph(name: string, inputs: readonly (ValueType | undefined)[], values?: readonly (Values | undefined)[]): readonly (ValueType | undefined)[] {
    const graph = this.graph(name);
    return graph === undefined ? [] : this.scope.subgraph(graph, inputs, values);
  }

  outcome(name: string): readonly (Values | undefined)[] {
    const graph = this.graph(name);
    return graph === undefined ? [] : this.scope.outcome(graph);
  }

  branch(name: string): Branch {
    const graph = this.graph(name);
    return graph === undefined ? { types: [], possible: false } : this.scope.branch(graph);
  }

  /** An axis counted from the end made one from the start. */
  axis(axis: number, rank: number): number {
    const from = axis < 0 ? axis + rank : axis;
    if (from < 0 || from >= rank) throw this.contradiction(`axis ${axis} is outside a tensor of rank ${rank}`);
    return from;
  }

  /** Says what does not fit, with the node's name and the shapes it was given. */
  contradiction(what: string): Contradiction {
    const inputs = this.node.inputs.map((name, i) => (name === '' ? '–' : `${name}${formatShape(this.shape(i))}`)).join(', ');
    const named = this.node.name === '' ? this.node.opType : `${this.node.opType} ${this.node.name}`;
    return new Contradiction(`${named}: ${what} (inputs ${inputs}).`, this.node.name === '' ? (this.node.outputs[0] ?? this.node.opType) : this.node.name);
  }
}
