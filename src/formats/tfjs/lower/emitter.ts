// The ONNX graph under construction: every node's types are known as soon as it is written, and what is constant becomes an initializer.
import { FreeNames } from '../../../base/freeNames';
import { LatheError } from '../../../base/errors';
import { type AttributeInit } from '../../../graph/builder';
import { attributes, makeNode, tensorType } from '../../../graph/construct';
import type { Attribute, Graph, Node, Shape, ValueType } from '../../../graph/model';
import { OperatorContext, type ValueScope } from '../../../operators/context';
import { evaluateNode } from '../../../operators/evaluate';
import type { Values } from '../../../operators/row';
import { findOperator } from '../../../operators/table';
import { maxValueElements, tensorFromValues, tensorValues } from '../../../operators/values';
import type { ElementType } from '../../../tensor/elementType';
import { elementCount, float32Tensor, int64Tensor, type Tensor, tensorFromArray } from '../../../tensor/tensor';

/** The version of ai.onnx that is written: its Reduce operators still take axes as attributes, which older runtimes know too. */
const loweredOpset = 17;
export const opsetImports: ReadonlyMap<string, number> = new Map([['', loweredOpset]]);

/** Unrolled loops and functions may write many nodes for one: more than these are no model. */
const mostNodes = 1_000_000;

/** Writes nodes in the order they run. Methods that make a value return its name. */
export class Emitter {
  nodes: Node[] = [];
  /** Keys of the native nodes that what is written now comes from. */
  origin: readonly string[] = [];
  /** What nodes and values written now are named after. */
  label = 'value';
  private readonly types = new Map<string, ValueType>();
  private readonly tensors = new Map<string, Tensor>();
  private readonly known = new Map<string, Values>();
  private readonly names = new FreeNames();
  private readonly scalars = new Map<string, string>();
  private readonly nodeNames = new FreeNames();
  private readonly scope: ValueScope = {
    type: (name) => this.types.get(name),
    values: (name) => this.values(name),
    constant: (name) => this.tensors.get(name),
    subgraph: () => [],
    branch: () => ({ types: [], possible: true }),
    outcome: () => [],
  };

  /** Keeps a name from being given to anything else. */
  reserve(name: string): void {
    this.names.take(name);
  }

  /** Declares a value that the caller feeds. */
  input(name: string, type: ValueType): void {
    this.names.take(name);
    this.types.set(name, type);
  }

  /** Gives a value a name that is free: an input of a graph within. */
  declare(wanted: string, type: ValueType): string {
    const name = this.names.fresh(wanted);
    this.types.set(name, type);
    return name;
  }

  /** What is written meanwhile are nodes of a graph within, which may read all that is known outside. */
  nested<T>(write: () => T): { readonly nodes: Node[]; readonly result: T } {
    const outside = this.nodes;
    const nodes: Node[] = (this.nodes = []);
    try {
      return { result: write(), nodes };
    } finally {
      this.nodes = outside;
    }
  }

  /** Notes a constant; it becomes an initializer where something reads it. */
  constant(tensor: Tensor, wanted = tensor.name): string {
    const name = this.names.fresh(wanted === '' ? 'constant' : wanted);
    this.tensors.set(name, { ...tensor, name });
    this.types.set(name, tensorType(tensor.elementType, tensor.dims));
    return name;
  }

  /** A 1-D int64 constant: shapes, axes, pads. */
  ints(values: readonly number[], wanted = `${this.label}/ints`): string {
    return this.shared(`i:${values.join(',')}`, () => int64Tensor(wanted, [values.length], values));
  }

  /** A 1-D float32 constant. */
  floats(values: readonly number[]): string {
    return this.shared(`f:${values.join(',')}`, () => float32Tensor(`${this.label}/floats`, [values.length], values));
  }

  /** A scalar int64 constant. */
  int(value: number): string {
    return this.shared(`s:${value}`, () => int64Tensor(`scalar/${value}`, [], [value]));
  }

  /** A scalar of a type that numbers stand in: float32, int32 or bool. */
  scalar(value: number, elementType: ElementType = 'float32'): string {
    return this.shared(`${elementType}:${value}`, () => {
      if (elementType === 'int32') return tensorFromArray(`scalar/${value}`, 'int32', [], Int32Array.of(value));
      if (elementType === 'bool') return tensorFromArray(`scalar/${value}`, 'bool', [], Uint8Array.of(value));
      return float32Tensor(`scalar/${value}`, [], [value]);
    });
  }

  private shared(key: string, make: () => Tensor): string {
    const name = this.scalars.get(key) ?? this.constant(make());
    this.scalars.set(key, name);
    return name;
  }

  /** Writes a node with one output, or finds the constant that it would make. */
  emit(opType: string, inputs: readonly string[], init: AttributeInit = {}): string {
    const [name] = this.emitAll(opType, inputs, 1, init);
    if (name === undefined) throw new LatheError('internal', `${opType} has no output.`, { item: this.label });
    return name;
  }

  /** Writes a node with `outputs` outputs. */
  emitAll(opType: string, inputs: readonly string[], outputs: number, init: AttributeInit = {}): string[] {
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? this.label : `${this.label}:${i}`));
    const node = makeNode({ name: this.label, opType, inputs: [...inputs], outputs: names, attributes: attributes(init), origin: this.origin });
    const row = findOperator('', opType, loweredOpset);
    if (row === undefined) throw new LatheError('internal', `The operator table has no ${opType}.`, { item: this.label });
    const context = new OperatorContext(node, loweredOpset, this.scope);
    const types = row.infer(context);
    const constants = types.some(isLarge) ? undefined : this.evaluated(node);
    if (constants !== undefined) return constants.map((tensor, i) => this.constant(tensor, names[i]));
    const values = row.values?.(context, types) ?? [];
    const folded = values.length === outputs ? values.map((each, i) => constantOf(each, types[i])) : [];
    if (folded.length > 0 && folded.every((tensor) => tensor !== undefined)) return folded.map((tensor, i) => this.constant(tensor, names[i]));
    if (this.nodes.length >= mostNodes) throw new LatheError('too-large', `As ONNX the model would have over ${mostNodes} nodes.`, { item: this.label });
    node.name = this.nodeNames.fresh(this.label);
    node.outputs = names.map((name) => this.names.fresh(name));
    this.nodes.push(node);
    node.outputs.forEach((name, i) => {
      const type = types[i];
      if (type !== undefined) this.types.set(name, type);
      const elements = values[i];
      if (elements !== undefined && elements.length <= maxValueElements) this.known.set(name, elements);
    });
    return node.outputs;
  }

  /** Writes a node that holds graphs, whose outputs' types are known. */
  emitHolding(opType: string, inputs: readonly string[], graphs: Readonly<Record<string, Graph>>, types: readonly ValueType[]): string[] {
    const outputs = types.map((type, i) => this.declare(i === 0 ? this.label : `${this.label}:${i}`, type));
    const held = new Map(Object.entries(graphs).map(([key, value]): [string, Attribute] => [key, { type: 'graph', value }]));
    this.nodes.push(makeNode({ name: this.nodeNames.fresh(this.label), opType, inputs: [...inputs], outputs, attributes: held, origin: this.origin }));
    return outputs;
  }

  /** The same value under another name, made where it is written. */
  copied(value: string): string {
    const type = this.types.get(value);
    const name = this.names.fresh(`${value}/copy`);
    if (type !== undefined) this.types.set(name, type);
    this.nodes.push(this.identity(value, name));
    return name;
  }

  type(name: string): ValueType | undefined {
    return this.types.get(name);
  }

  shape(name: string): Shape | undefined {
    const type = this.types.get(name);
    return type?.kind === 'tensor' ? type.shape : undefined;
  }

  elementType(name: string): ElementType | undefined {
    const type = this.types.get(name);
    return type?.kind === 'tensor' ? type.elementType : undefined;
  }

  /** Says more of a value's shape than the operator's rule could. */
  refine(name: string, shape: Shape): void {
    const type = this.types.get(name);
    if (type?.kind === 'tensor') this.types.set(name, { ...type, shape });
  }

  tensor(name: string): Tensor | undefined {
    return this.tensors.get(name);
  }

  /** Elements of a small value, possibly symbolic. */
  values(name: string): Values | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const tensor = this.tensors.get(name);
    return tensor === undefined || elementCount(tensor.dims) > maxValueElements ? undefined : tensorValues(tensor);
  }

  /** Casts where the value is of another type; a constant is converted at once. */
  cast(name: string, to: ElementType): string {
    const from = this.elementType(name);
    if (from === to) return name;
    const codes: Partial<Record<ElementType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9, string: 8, uint8: 2 };
    return this.emit('Cast', [name], { to: codes[to] ?? 1 });
  }

  /** 1 / (1 + e^−x) in place of a Sigmoid of x, under the same name. Not written yet. */
  reciprocalOfSum({ name, inputs, outputs, origin }: Node): Node[] {
    const names = ['negative', 'power', 'sum'].map((part) => this.names.fresh(`${name}/${part}`));
    const [negative = '', power = '', sum = ''] = names;
    const made = (opType: string, node: string, from: readonly string[], to: readonly string[]): Node => makeNode({ name: this.nodeNames.fresh(node), opType, inputs: [...from], outputs: [...to], origin });
    return [made('Neg', `${name}/negative`, inputs, [negative]), made('Exp', `${name}/power`, [negative], [power]), made('Add', `${name}/sum`, [power, this.scalar(1)], [sum]), made('Reciprocal', `${name}/reciprocal`, [sum], outputs)];
  }

  /** A node that gives a value a second name: of an output that is an input, a constant, or another output. Not written yet. */
  identity(value: string, name: string): Node {
    return makeNode({ name: this.nodeNames.fresh(name), opType: 'Identity', inputs: [value], outputs: [name], origin: this.origin });
  }

  private evaluated(node: Node): readonly Tensor[] | undefined {
    const inputs = new Map<string, Tensor>();
    for (const name of node.inputs) {
      if (name === '') continue;
      const tensor = this.tensors.get(name);
      if (tensor === undefined || elementCount(tensor.dims) > maxValueElements) return undefined;
      inputs.set(name, tensor);
    }
    return inputs.size === 0 ? undefined : evaluateNode(node, opsetImports, inputs);
  }
}

/** Constants beyond what shape arithmetic needs stay nodes: a model of a few bytes may fill terabytes. */
function isLarge(type: ValueType | undefined): boolean {
  return type?.kind === 'tensor' && type.shape !== undefined && type.shape.reduce((count: number, size) => count * (typeof size === 'number' ? size : 1), 1) > maxValueElements;
}

function constantOf(values: Values | undefined, type: ValueType | undefined): Tensor | undefined {
  if (values === undefined || type?.kind !== 'tensor' || type.shape === undefined) return undefined;
  const dims: number[] = [];
  for (const dimension of type.shape) {
    if (typeof dimension !== 'number') return undefined;
    dims.push(dimension);
  }
  return tensorFromValues('', type.elementType, dims, values);
}
