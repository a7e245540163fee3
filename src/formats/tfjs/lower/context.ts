// What a rule sees of the native node it lowers: inputs in either layout, what is constant, attributes; and where it puts the results.
import { type AttributeInit } from '../../../graph/builder';
import type { Dimension } from '../../../graph/dimension';
import type { FunctionBody, Node, Shape } from '../../../graph/model';
import type { Values } from '../../../operators/row';
import type { ElementType } from '../../../tensor/elementType';
import type { Tensor } from '../../../tensor/tensor';
import type { JsonObject } from '../context';
import { NodeReader } from '../nodeReader';
import type { Emitter } from './emitter';
import { toFirst, toLast, transposed } from './layout';

export type Layout = 'last' | 'first';

/** A native value as ONNX values: under its own axes (`last`), with channels first, or both; or a list that the lowering itself keeps. */
export interface Held {
  last?: string;
  first?: string;
  readonly list?: readonly (Held | undefined)[];
}

/** Why a node has no place in the ONNX model. */
export class NotLowered extends Error {}

/** Values by native name; an inner one (an unrolled iteration, a function's body) sees those around it. */
export class Environment {
  private readonly held = new Map<string, Held>();
  private readonly blocked = new Set<string>();

  constructor(private readonly parent?: Environment) {}

  get(name: string): Held | undefined {
    return this.held.get(name) ?? this.parent?.get(name);
  }

  set(name: string, value: Held): void {
    this.held.set(name, value);
  }

  /** Notes that a value is unknown because something before it is not lowered. */
  block(names: Iterable<string>): void {
    for (const name of names) this.blocked.add(name);
  }

  isBlocked(name: string): boolean {
    return this.blocked.has(name) || this.parent?.isBlocked(name) === true;
  }
}

/** What rules need beyond their node. */
export interface Services {
  /** Runs a function of the model's library; undefined where there is none of that name, or it is not lowered. */
  call(name: string, inputs: readonly Held[]): readonly Held[] | undefined;
  config(node: Node): JsonObject | undefined;
  functionNamed(name: string): FunctionBody | undefined;
  ruleOf(node: Node): Rule | undefined;
}

export class NodeContext extends NodeReader {
  constructor(
    node: Node,
    readonly onnx: Emitter,
    private readonly environment: Environment,
    private readonly services: Services,
  ) {
    super(node);
  }

  /** Runs a function of the model's library on values. */
  call(name: string, inputs: readonly Held[]): readonly Held[] | undefined {
    return this.services.call(name, inputs);
  }

  functionNamed(name: string): FunctionBody | undefined {
    return this.services.functionNamed(name);
  }

  /** The whole configuration of a Keras layer, nested objects included. */
  get config(): JsonObject | undefined {
    return this.services.config(this.node);
  }

  /** Another node seen in this one's place, with values of its own. */
  within(node: Node, values: ReadonlyMap<string, Held>): NodeContext {
    const inner = new Environment(this.environment);
    for (const [name, held] of values) inner.set(name, held);
    return new NodeContext(node, this.onnx, inner, this.services);
  }

  /** Lowers another node in this one's place, on values given by name; what it makes first. */
  applied(node: Node, values: ReadonlyMap<string, Held>): Held {
    const rule = this.services.ruleOf(node);
    if (rule === undefined) throw new NotLowered(`no rule for the ${node.opType} inside`);
    const inner = this.within(node, values);
    rule(inner);
    return inner.environment.get(node.outputs[0] ?? '') ?? this.refuse('the layer inside makes nothing');
  }

  /** A value under its own axes. */
  last(held: Held): string {
    return lastOf(this.onnx, held);
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  /** @throws NotLowered where an input is missing or could not be lowered itself */
  held(input: number): Held {
    const name = this.node.inputs[input] ?? '';
    const held = this.environment.get(name);
    if (held === undefined) throw new NotLowered(name === '' ? `it has no input ${input}` : `its input ${name} is unknown`);
    return held;
  }

  has(input: number): boolean {
    return (this.node.inputs[input] ?? '') !== '';
  }

  /** An input under its own axes. */
  value(input: number): string {
    return lastOf(this.onnx, this.held(input));
  }

  /** An input with channels first. */
  first(input: number): string {
    return firstOf(this.onnx, this.held(input));
  }

  in(input: number, layout: Layout): string {
    return layout === 'first' ? this.first(input) : this.value(input);
  }

  /** True for an input that exists with channels first only: to use it otherwise costs a Transpose. */
  isFirst(input: number): boolean {
    const held = this.held(input);
    return held.last === undefined && held.first !== undefined;
  }

  /** The shape under the native axes; undefined for unknown rank. */
  shape(input: number): Shape | undefined {
    return shapeOf(this.onnx, this.held(input));
  }

  /** @throws NotLowered where the rank is unknown */
  rank(input: number): number {
    const shape = this.shape(input);
    if (shape === undefined) throw new NotLowered(`the rank of ${this.node.inputs[input] ?? ''} is unknown`);
    return shape.length;
  }

  elementType(input: number): ElementType {
    const { last, first } = this.held(input);
    return this.onnx.elementType(last ?? first ?? '') ?? 'float32';
  }

  /** The constant an input is, under the native axes. */
  tensor(input: number): Tensor | undefined {
    const { last } = this.held(input);
    return last === undefined ? undefined : this.onnx.tensor(last);
  }

  /** What is known of an input's elements. */
  values(input: number): Values | undefined {
    const { last } = this.held(input);
    return last === undefined ? undefined : this.onnx.values(last);
  }

  /** Elements of a constant input. */
  numbers(input: number): readonly number[] | undefined {
    return allNumbers(this.values(input));
  }

  /** @throws NotLowered where the input is no constant */
  constantNumbers(input: number, what: string): readonly number[] {
    const numbers = this.numbers(input);
    if (numbers === undefined) throw new NotLowered(`${what} is not constant`);
    return numbers;
  }

  texts(name: string): readonly string[] {
    const value = this.node.attributes.get(name);
    return value?.type === 'strings' ? value.value : [];
  }

  emit(opType: string, inputs: readonly string[], init?: AttributeInit): string {
    return this.onnx.emit(opType, inputs, init);
  }

  /** Says which ONNX value an output is. */
  set(output: number, name: string, layout: Layout = 'last'): void {
    this.setHeld(output, layout === 'first' ? { first: name } : { last: name });
  }

  setHeld(output: number, held: Held): void {
    const name = this.node.outputs[output];
    if (name !== undefined && name !== '') this.environment.set(name, held);
  }

  /** @throws NotLowered always */
  refuse(reason: string): never {
    throw new NotLowered(reason);
  }
}

export function allNumbers(values: Values | undefined): readonly number[] | undefined {
  return values?.every((value) => typeof value === 'number') === true ? values : undefined;
}

/** Dimensions that are all numbers. */
export function fixedDims(shape: Shape | undefined): readonly number[] | undefined {
  return shape?.every((dimension) => typeof dimension === 'number') === true ? shape : undefined;
}

export function shapeOf(onnx: Emitter, { last, first }: Held): Shape | undefined {
  if (last !== undefined) return onnx.shape(last);
  const shape = first === undefined ? undefined : onnx.shape(first);
  return shape === undefined ? undefined : toLast(shape.length).map((axis): Dimension => shape[axis]);
}

/** A value under its own axes: transposed once, where nothing has asked before. */
export function lastOf(onnx: Emitter, held: Held): string {
  if (held.last !== undefined) return held.last;
  if (held.first === undefined) throw new NotLowered('it reads a list as a tensor');
  held.last = moved(onnx, held.first, toLast);
  return held.last;
}

/** A value with channels first; see {@link lastOf}. */
export function firstOf(onnx: Emitter, held: Held): string {
  if (held.first !== undefined) return held.first;
  if (held.last === undefined) throw new NotLowered('it reads a list as a tensor');
  held.first = moved(onnx, held.last, toFirst);
  return held.first;
}

function moved(onnx: Emitter, name: string, order: (rank: number) => number[]): string {
  const rank = onnx.shape(name)?.length;
  if (rank === undefined) throw new NotLowered(`the rank of ${name} is unknown`);
  if (rank < 3) return name;
  const tensor = onnx.tensor(name);
  if (tensor !== undefined) return onnx.constant(transposed(`${name}/transposed`, tensor, order(rank)));
  return onnx.emit('Transpose', [name], { perm: order(rank) });
}

/** Lowers one native operator: reads its inputs, writes ONNX nodes, sets its outputs. */
export type Rule = (context: NodeContext) => void;
export type Rules = Readonly<Record<string, Rule>>;
