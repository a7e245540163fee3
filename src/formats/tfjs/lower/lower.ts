// Lowers a TensorFlow.js model to ONNX: native nodes one by one through the tables of rules, channels moved as rarely as possible.
import { LatheError } from '../../../base/errors';
import { makeGraph, makeModel, tensorType } from '../../../graph/construct';
import type { FunctionBody, Graph, Model, Node, ValueInfo, ValueType } from '../../../graph/model';
import { inputShape } from '../../../graph/inputs';
import { nodeKeys, nodeReads, outerReads, subgraphs } from '../../../graph/traverse';
import { assertValid } from '../../../graph/verify';
import type { Tensor } from '../../../tensor/tensor';
import { Environment, type Held, lastOf, NodeContext, NotLowered, type Rule, type Services } from './context';
import { Emitter, opsetImports } from './emitter';
import { exactOutputSigmoids } from './outputSigmoid';
import { kerasRules } from './keras/index';
import { callFunction, ifFunction, mostRounds, truth, whileFunction } from './functionControl';
import { needed, reached } from './reach';
import { converted, runtimeElement } from './storedTensors';
import { tensorflowRules } from './tensorflow/index';
import { withoutCounterpart } from './withoutCounterpart';
import { tfjsContents } from '../contents';
import { tensorflowDomain } from '../graphModel';
import { type Frame, type Step, steps } from './tensorflow/loops';
import { NativeValues } from './nativeValues';

/** A native node that has no place in the ONNX model, and why. */
export interface NodeNotLowered {
  /** Its key. */
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

export interface Lowering {
  /** The ONNX model, verified; undefined where an output depends on a node that is not lowered. */
  readonly model: Model | undefined;
  /** All nodes that stand in the way, not only the first. */
  readonly notLowered: readonly NodeNotLowered[];
}

/**
 * Lowers a model of TensorFlow.js to ONNX. Inputs and outputs keep names, axes and dimensions; their types are those TensorFlow.js
 * computes with (float32, int32, bool, string). Weights are converted when they are read. The model given is left as it is.
 */
export function lowerToOnnx(model: Model): Lowering {
  return new Lowerer(model).lower();
}

/** A lowering that goes as far as it can: what is known of a model without running it, also where some of its nodes have no place in ONNX. */
export interface PartialLowering {
  /** All that could be lowered, whether or not an output depends on it; not verified, not for running. */
  readonly model: Model;
  /** Types of native values, shapes under their own axes. What is not certain is left out. */
  readonly types: ReadonlyMap<string, ValueType>;
  /** Native nodes that are not lowered though an output needs them, and those that read what these would make. */
  readonly unknown: ReadonlySet<Node>;
  /** Every output is lowered. */
  readonly complete: boolean;
  readonly notLowered: readonly NodeNotLowered[];
}

/**
 * Lowers what can be lowered. No weights are read but the small ones that shapes depend on.
 * @param bindings sizes of the inputs' open dimensions
 * @throws LatheError `too-large` where unrolled loops and functions would be too many nodes
 */
export function lowerAsFarAsPossible(model: Model, bindings: ReadonlyMap<string, number>): PartialLowering {
  return new Lowerer(model, bindings).lowerPartly();
}

/** Operators of graph models that are no rule's but the lowering's own, with what makes a loop. */
export const handledElsewhere: readonly string[] = ['Placeholder', 'Const', 'If', 'StatelessIf', 'While', 'StatelessWhile', 'PartitionedCall', 'StatefulPartitionedCall', 'Enter', 'Merge', 'Switch', 'LoopCond', 'NextIteration', 'Exit'];

/** Nodes visited for each of the model's, and at least: functions that call functions, and loops in loops, multiply. */
const visitsPerNode = 64;
const leastVisits = 200_000;
/** Functions that call each other end here. */
const mostDepth = 16;

class Lowerer {
  private readonly onnx = new Emitter();
  /** By node and reason: in a loop a node may be refused in every round. */
  private readonly refused = new Map<string, NodeNotLowered>();
  private readonly keys: ReadonlyMap<Node, string>;
  private readonly rules: ReadonlyMap<string, Rule>;
  private readonly functions: ReadonlyMap<string, FunctionBody>;
  private readonly native = new NativeValues(this.onnx);
  private depth = 0;
  /** Nodes that may still be visited. */
  private visits: number;
  private readonly services: Services = {
    call: (name, inputs) => this.call(name, inputs),
    functionNamed: (name) => this.functions.get(name),
    config: ({ name }) => tfjsContents(this.source)?.configs.get(name),
    ruleOf: ({ opType, domain }) => (domain === tensorflowDomain ? this.special.get(opType) : undefined) ?? this.rules.get(opType),
  };

  constructor(
    private readonly source: Model,
    private readonly bindings: ReadonlyMap<string, number> = new Map(),
  ) {
    this.keys = nodeKeys(source.graph);
    this.rules = source.format === 'tfjs-layers' ? kerasRules : tensorflowRules;
    this.functions = new Map(source.functions.map((body) => [body.name, body]));
    this.visits = leastVisits + visitsPerNode * source.graph.nodes.length;
  }

  lower(): Lowering {
    const { inputs, results } = this.walk();
    if (results.length < this.source.graph.outputs.length) return { model: undefined, notLowered: [...this.refused.values()] };
    const lowered = this.finished(inputs, results, []);
    assertValid(lowered);
    // What was not lowered is in nobody's way: a branch that is never taken.
    return { model: lowered, notLowered: [] };
  }

  lowerPartly(): PartialLowering {
    const { inputs, results } = this.walk();
    const complete = results.length === this.source.graph.outputs.length;
    return { model: this.finished(inputs, results, complete ? [] : this.native.read), types: this.native.types, unknown: this.native.unknown, complete, notLowered: complete ? [] : [...this.refused.values()] };
  }

  /** Lowers every node that an output needs, as far as it can be. */
  private walk(): { readonly inputs: readonly ValueInfo[]; readonly results: readonly Result[] } {
    const { graph } = this.source;
    const environment = new Environment();
    for (const { name } of [...graph.inputs, ...graph.outputs]) this.onnx.reserve(name);
    const inputs = graph.inputs.map((input) => this.input(input, environment));
    for (const [name, tensor] of graph.initializers) environment.set(name, this.constant(name, tensor));
    const todo = steps(needed(graph));
    this.listWithoutRule(todo.flatMap((step) => ('merges' in step ? [...step.before, ...step.body] : [step])), environment);
    for (const step of todo) this.step(step, environment);
    return { inputs, results: graph.outputs.flatMap(({ name }) => this.output(name, environment)) };
  }

  /** The value of an output of the model; none where it is not lowered. */
  private output(name: string, environment: Environment): Result[] {
    const held = environment.get(name);
    if (held === undefined && environment.isBlocked(name)) return [];
    this.onnx.label = name;
    try {
      if (held === undefined) throw new NotLowered('nothing makes it');
      return [{ name, value: lastOf(this.onnx, held) }];
    } catch (thrown) {
      if (!(thrown instanceof NotLowered)) throw thrown;
      this.refuse(name, 'output', thrown.message);
      return [];
    }
  }

  /** Operators that no rule knows, wherever they stand: listed even where what they read is unknown already. */
  private listWithoutRule(nodes: readonly Node[], environment: Environment): void {
    const seen = new Set<string>();
    // A list that grows, not calls of itself: functions may call each other thousands deep.
    const todo = [...nodes];
    for (const [i, node] of todo.entries()) {
      if (this.services.ruleOf(node) === undefined) {
        this.refuse(this.keys.get(node) ?? node.name, node.opType, reasonWithoutRule(node));
        if (i < nodes.length) environment.block(node.outputs);
      }
      for (const attribute of node.attributes.values()) {
        const body = attribute.type === 'string' && !seen.has(attribute.value) ? this.functions.get(attribute.value) : undefined;
        if (body === undefined) continue;
        seen.add(body.name);
        for (const inner of body.nodes) todo.push(inner);
      }
    }
  }

  private input(input: ValueInfo, environment: Environment): ValueInfo {
    const shape = inputShape(input, this.bindings);
    const elementType = input.type?.kind === 'tensor' ? runtimeElement(input.type.elementType) : 'float32';
    const type = tensorType(elementType, shape);
    this.onnx.input(input.name, type);
    environment.set(input.name, { last: input.name });
    return { name: input.name, type };
  }

  /** A stored tensor, in the type TensorFlow.js computes with; named when something reads it. */
  private constant(name: string, tensor: Tensor): Held {
    let made: string | undefined;
    const { onnx } = this;
    return {
      get last(): string {
        return (made ??= onnx.constant(converted(name, tensor)));
      },
      set last(value: string) {
        made = value;
      },
    };
  }

  private step(step: Step, environment: Environment): boolean {
    return 'merges' in step ? this.loop(step, environment) : this.node(step, environment);
  }

  /** False where the node is not lowered; what depends on it is then unknown without being listed itself. */
  private node(node: Node, environment: Environment): boolean {
    if (--this.visits < 0) throw new LatheError('too-large', 'Its loops and functions run so often that unrolled they would be too many nodes.', { item: node.name });
    if (node.inputs.some((name) => environment.isBlocked(name))) {
      this.blocked(node, environment);
      return false;
    }
    const key = this.keys.get(node) ?? node.name;
    // What a function's body makes comes from the node that calls it.
    this.onnx.origin = this.depth > 0 ? this.onnx.origin : [key];
    this.onnx.label = node.name;
    const rule = this.services.ruleOf(node);
    try {
      if (rule === undefined) throw new NotLowered(reasonWithoutRule(node));
      rule(new NodeContext(node, this.onnx, environment, this.services));
      if (this.depth === 0) this.native.made(node, environment);
      return true;
    } catch (thrown) {
      // NotLowered; what the operator table finds contradictory; and axes that it did not foresee.
      const known = thrown instanceof NotLowered || thrown instanceof RangeError || (thrown instanceof LatheError && thrown.code !== 'internal' && thrown.code !== 'too-large');
      if (!known) throw thrown;
      this.refuse(key, node.opType, thrown.message);
      this.blocked(node, environment);
      return false;
    }
  }

  private blocked(node: Node, environment: Environment): void {
    environment.block(node.outputs);
    if (this.depth === 0) this.native.missed(node, environment);
  }

  private refuse(node: string, op: string, reason: string): void {
    this.refused.set(`${node}\0${reason}`, { node, op, reason });
  }

  /** Rules that need more than the node: constants within functions, calls of functions in a loop or a choice. */
  private readonly special: ReadonlyMap<string, Rule> = new Map<string, Rule>([
    ['Const', (c) => this.constantNode(c)],
    ['Enter', (c) => c.setHeld(0, c.held(0))],
    ['While', whileFunction],
    ['StatelessWhile', whileFunction],
    ['If', ifFunction],
    ['StatelessIf', ifFunction],
    ['PartitionedCall', callFunction],
    ['StatefulPartitionedCall', callFunction],
  ]);

  private constantNode(c: NodeContext): void {
    const value = c.node.attributes.get('value');
    if (value?.type !== 'tensor') c.refuse('it has no value');
    else c.setHeld(0, this.constant(c.node.name, value.value));
  }

  /** Runs a function's body on values; undefined where there is no such function, or something in it is not lowered. */
  private call(name: string, inputs: readonly Held[]): readonly Held[] | undefined {
    const body = this.functions.get(name);
    if (body === undefined || this.depth >= mostDepth) return undefined;
    const environment = new Environment();
    body.inputs.forEach((input, i) => {
      const held = inputs[i];
      if (held !== undefined) environment.set(input, held);
    });
    this.depth++;
    try {
      const { origin, label } = this.onnx;
      for (const node of body.nodes) this.node(node, environment);
      this.onnx.origin = origin;
      this.onnx.label = label;
      const found = body.outputs.map((output) => environment.get(output));
      return found.every((held) => held !== undefined) ? found : undefined;
    } finally {
      this.depth--;
    }
  }

  /** Unrolls a loop whose condition is known in every round. */
  private loop(frame: Frame, outer: Environment): boolean {
    const refuse = (reason: string): false => {
      this.refuse(frame.name, 'loop', reason);
      for (const node of [...frame.merges, ...frame.switches, ...frame.exits, ...frame.before, ...frame.body]) this.native.missed(node, outer);
      outer.block(frame.exits.flatMap(({ outputs }) => outputs));
      return false;
    };
    if (frame.isNested) return refuse('another loop lies in it');
    let entering: ReadonlyMap<Node, Held> | undefined;
    for (let round = 0; round <= mostRounds; round++) {
      const environment: Environment = new Environment(outer);
      for (const node of frame.before) if (node.opType === 'Enter' && !this.node(node, environment)) return refuse('what enters it is not lowered');
      for (const merge of frame.merges) {
        const held = entering === undefined ? environment.get(merge.inputs[0] ?? '') : entering.get(merge);
        if (held === undefined) return refuse('a value it carries is not known');
        environment.set(merge.outputs[0] ?? '', held);
      }
      for (const node of frame.before) if (node.opType !== 'Enter') this.node(node, environment);
      const condition = environment.get(frame.condition);
      const known = condition === undefined ? undefined : truth(this.onnx, condition);
      if (known === undefined) return refuse('how often it runs depends on the input');
      for (const { inputs, outputs } of frame.switches) {
        const held = environment.get(inputs[0] ?? '');
        const name = outputs[0] ?? '';
        if (held !== undefined) environment.set(known ? `${name}:1` : name, held);
      }
      if (!known) {
        for (const { inputs, outputs } of frame.exits) {
          const held = environment.get(inputs[0] ?? '');
          if (held !== undefined) outer.set(outputs[0] ?? '', held);
        }
        return true;
      }
      if (!frame.body.map((node) => this.node(node, environment)).every(Boolean)) return refuse('something in it is not lowered');
      entering = new Map(frame.merges.flatMap((merge) => {
        const held = environment.get(frame.next.get(merge.inputs[1] ?? '')?.inputs[0] ?? '');
        return held === undefined ? [] : [[merge, held] as const];
      }));
    }
    return refuse(`it runs more than ${mostRounds} times`);
  }

  /** The model of all nodes that the outputs need, and values that else would be read; values take the names of the outputs they are. */
  private finished(inputs: readonly ValueInfo[], results: readonly Result[], read: Iterable<string>): Model {
    const { onnx } = this;
    const makers = new Map(onnx.nodes.flatMap((node) => node.outputs.map((output): [string, Node] => [output, node])));
    const renamed = new Map<string, string>();
    const captured = new Set(onnx.nodes.flatMap((node) => subgraphs(node).flatMap((inner) => outerReads(inner.graph))));
    for (const { name, value } of results) {
      if (makers.has(value) && !renamed.has(value) && !captured.has(value)) renamed.set(value, name);
      else if (name !== value) onnx.nodes.push(onnx.identity(value, name));
    }
    const live = reached(onnx.nodes, new Set([...results.flatMap(({ name, value }) => [name, value]), ...read]));
    const nodes = exactOutputSigmoids(onnx, onnx.nodes.filter((node) => live.has(node)), results.flatMap(({ name, value }) => [name, value]), opsetImports);
    for (const node of nodes) {
      node.inputs = node.inputs.map((input) => renamed.get(input) ?? input);
      node.outputs = node.outputs.map((output) => renamed.get(output) ?? output);
    }
    const initializers = new Map<string, Tensor>();
    for (const name of new Set(nodes.flatMap(nodeReads))) {
      const tensor = onnx.tensor(name);
      if (tensor !== undefined) initializers.set(name, tensor);
    }
    const outputs = results.map(({ name, value }): ValueInfo => typed(name, onnx.type(value)));
    const graph: Graph = makeGraph(this.source.graph.name === '' ? 'graph' : this.source.graph.name, { nodes, inputs: [...inputs], outputs, initializers });
    return makeModel(graph, { path: this.source.path, opsetImports: new Map(opsetImports), docString: this.source.docString, metadata: this.source.metadata });
  }
}

/** An output of the model, and the ONNX value it is. */
interface Result {
  readonly name: string;
  readonly value: string;
}

const reasonWithoutRule = ({ opType }: Node): string => withoutCounterpart.get(opType) ?? 'there is no rule for it';

const typed = (name: string, type: ValueType | undefined): ValueInfo => (type === undefined ? { name } : { name, type });
