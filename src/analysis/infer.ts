// Types and shapes of every value of a model, without running it: symbolic dimensions, constants and shape arithmetic propagated.
import { parseDimension, substituteDimension } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import { inputShape, inputSymbols } from '../graph/inputs';
import { type FunctionBody, type Graph, type Model, type Node, type Shape, type ValueInfo, type ValueType } from '../graph/model';
import { Contradiction, OperatorContext } from '../operators/context';
import type { Branch } from '../operators/context';
import { constantTensor } from '../operators/evaluate';
import type { Movement, OperatorRow, Values } from '../operators/row';
import { findOperator, operatorOf, opsetOf } from '../operators/table';
import { maxValueElements } from '../operators/values';
import { LatheError } from '../base/errors';
import { type ElementType, elementKind } from '../tensor/elementType';
import type { Tensor } from '../tensor/tensor';
import { formatShape } from '../graph/dimension';
import { demandedSymbols } from './demands';
import { FunctionTable, instantiate } from './functions';
import { GraphScope, smallValues, ValueBudget } from './scope';
import { contradicts, differs, fill, possibleType, withoutShape } from './statedTypes';

export interface TypeContradiction {
  /** Key of the node, or its name where it lies in a function. */
  readonly node: Node;
  readonly message: string;
}

export interface InferOptions {
  /** Values of dimension symbols. */
  readonly bindings?: Readonly<Record<string, number>> | ReadonlyMap<string, number>;
  /**
   * Only what holds whenever the model runs, whoever feeds it: what a rewrite may rest on. Shapes declared of anything but
   * the inputs are not believed, initializers that a caller may override have no values, dimensions of inputs may be 0.
   */
  readonly proven?: boolean;
  /** Types of values of the main graph that are known from elsewhere; for values that nothing here infers, before what the file declares. */
  readonly known?: ReadonlyMap<string, ValueType>;
}

/** What is known of a model's values. Graphs are the model's own, their subgraphs, and function bodies as instantiated for each call. */
export interface TypeInference {
  /** Type of a value, looked up in the graph and those around it. */
  typeOf(graph: Graph, name: string): ValueType | undefined;
  /** The tensor a value always is (initializers, Constant, and what moving data and integer arithmetic make of them). */
  constantOf(graph: Graph, name: string): Tensor | undefined;
  /** Elements of a small integer or scalar value, possibly symbolic. */
  valuesOf(graph: Graph, name: string): Values | undefined;
  /** What a row of the operator table sees of a node; undefined outside this model. */
  contextOf(graph: Graph, node: Node): OperatorContext | undefined;
  /** The row of a node's operator. */
  rowOf(graph: Graph, node: Node): OperatorRow | undefined;
  /** The body of a model-local function as this call instantiates it. */
  bodyOf(node: Node): Graph | undefined;
  scopeOf(graph: Graph): GraphScope | undefined;
  /** False for a branch in which shapes contradict each other at these sizes: it is the one not taken. */
  isPossible(graph: Graph): boolean;
  readonly contradictions: readonly TypeContradiction[];
}

/** Infers all types. Never throws on a contradiction: it is listed, and the types it concerns count as unknown. */
export function inferTypes(model: Model, options: InferOptions = {}): TypeInference {
  const bindings = bindingMap(options.bindings);
  const open = bindings.size > 0 && inputSymbols(model.graph).some((name) => bindings.has(name));
  if (options.proven === true) return provenTypes(model, bindings);
  return new Inference(model, bindings, { bound: open, ...(options.known === undefined ? {} : { known: options.known }) });
}

/** Symbols found to be positive may make others known: so many passes follow, and what is not found counts as possibly 0. */
const maxDemandPasses = 3;

function provenTypes(model: Model, bindings: ReadonlyMap<string, number>): TypeInference {
  const positive = new Set<string>();
  const symbols = inputSymbols(model.graph).length;
  for (let pass = 1; ; pass++) {
    const types = new Inference(model, bindings, { bound: false, leastOf: (name) => (positive.has(name) ? 1 : 0) });
    if (pass > maxDemandPasses || positive.size >= symbols) return types;
    const before = positive.size;
    for (const name of demandedSymbols(model.graph, types)) positive.add(name);
    if (positive.size === before) return types;
  }
}

interface Beliefs {
  /** Declared shapes may have been traced at other sizes than those bound: then they are not held against the inferred ones. */
  readonly bound: boolean;
  /** Says of a symbol what it is proven to be at least; given, only what is proven counts, see {@link InferOptions.proven}. */
  readonly leastOf?: (name: string) => 0 | 1;
  /** See {@link InferOptions.known}. */
  readonly known?: ReadonlyMap<string, ValueType>;
}

export function bindingMap(bindings: InferOptions['bindings']): ReadonlyMap<string, number> {
  if (bindings === undefined) return new Map();
  return bindings instanceof Map ? bindings : new Map(Object.entries(bindings));
}

/** Subgraphs are inferred several times where loops nest; hostile nesting ends here. */
const visitsPerNode = 16;
const minimumVisits = 200_000;

class Inference implements TypeInference {
  private readonly scopes = new Map<Graph, GraphScope>();
  private readonly bodies = new Map<Node, Graph>();
  private readonly functions: FunctionTable;
  private readonly found = new Map<Node, TypeContradiction>();
  private readonly impossible = new Set<Graph>();
  /**
   * At the sizes bound, something declared differs from what was inferred, or something was not looked at: then the sizes as
   * the file leaves them open may contradict each other where those bound do not. Where nothing differs they cannot: what is a
   * number while symbols are open is the same number when they are bound.
   */
  private doubtful = false;
  private visits: number;
  private readonly budget = new ValueBudget();
  /** Functions whose bodies are being inferred: one that calls itself ends there. */
  private readonly active = new Set<FunctionBody>();

  constructor(
    private readonly model: Model,
    private readonly bindings: ReadonlyMap<string, number>,
    private readonly beliefs: Beliefs,
  ) {
    this.functions = new FunctionTable(model.functions);
    this.visits = Math.max(minimumVisits, visitsPerNode * model.graph.nodes.length);
    const scope = this.scope(model.graph, model.opsetImports, undefined, model.irVersion >= 4);
    for (const input of model.graph.inputs) this.declare(scope, input);
    this.run(scope);
  }

  private scope(graph: Graph, opsetImports: ReadonlyMap<string, number>, parent: GraphScope | undefined, overridable: boolean): GraphScope {
    const scope = new GraphScope(graph, opsetImports, parent, this.subgraph, this.branch, { overridable, proven: this.beliefs.leastOf !== undefined }, this.budget);
    this.scopes.set(graph, scope);
    return scope;
  }

  get contradictions(): readonly TypeContradiction[] {
    if (!this.beliefs.bound || (this.found.size === 0 && !this.doubtful)) return [...this.found.values()];
    const unbound = new Inference(this.model, new Map(), { ...this.beliefs, bound: false }).contradictions;
    return [...new Map([...unbound, ...this.found.values()].map((entry) => [entry.node, entry])).values()];
  }

  typeOf(graph: Graph, name: string): ValueType | undefined {
    return this.scopes.get(graph)?.type(name);
  }

  constantOf(graph: Graph, name: string): Tensor | undefined {
    return this.scopes.get(graph)?.constant(name);
  }

  valuesOf(graph: Graph, name: string): Values | undefined {
    return this.scopes.get(graph)?.values(name);
  }

  contextOf(graph: Graph, node: Node): OperatorContext | undefined {
    const scope = this.scopes.get(graph);
    return scope === undefined ? undefined : new OperatorContext(node, opsetOf(node, scope.opsetImports), scope);
  }

  rowOf(graph: Graph, node: Node): OperatorRow | undefined {
    return operatorOf(node, this.scopes.get(graph)?.opsetImports ?? this.model.opsetImports);
  }

  bodyOf(node: Node): Graph | undefined {
    return this.bodies.get(node);
  }

  scopeOf(graph: Graph): GraphScope | undefined {
    return this.scopes.get(graph);
  }

  isPossible(graph: Graph): boolean {
    return !this.impossible.has(graph);
  }

  /** Types of a graph's own names known before its nodes: inputs as declared (an initializer that is one has the shape of its default, as far as nobody overrides it). */
  private declare(scope: GraphScope, input: ValueInfo): void {
    const { initializers } = scope.graph;
    if (input.type === undefined || (initializers.has(input.name) && !scope.isOverridden(input.name))) return;
    const shape = inputShape(input, this.bindings, this.beliefs.leastOf);
    scope.types.set(input.name, input.type.kind === 'tensor' && shape !== undefined ? { ...input.type, shape } : input.type);
  }

  private run(scope: GraphScope): void {
    const { graph } = scope;
    const declare = (name: string, elementType: ElementType, shape: Shape): void => {
      if (!scope.isOverridden(name)) scope.types.set(name, { kind: 'tensor', elementType, shape });
    };
    for (const [name, { elementType, dims }] of graph.initializers) declare(name, elementType, dims);
    for (const [name, { values, dims }] of graph.sparseInitializers) declare(name, values.elementType, dims);
    const outputs = new Map(graph.outputs.map((output) => [output.name, output]));
    for (const node of graph.nodes) {
      for (const name of node.outputs) if (name !== '') scope.producers.set(name, node);
      this.infer(scope, node, outputs);
    }
  }

  private infer(scope: GraphScope, node: Node, graphOutputs: ReadonlyMap<string, ValueInfo>): void {
    if (--this.visits < 0) {
      this.doubtful = true;
      return;
    }
    const opset = opsetOf(node, scope.opsetImports);
    const body = this.functions.calledBy(node);
    const row = body === undefined ? findOperator(node.domain, node.opType, opset) : undefined;
    const context = new OperatorContext(node, opset, scope);
    let types: readonly (ValueType | undefined)[] = [];
    try {
      if (body !== undefined) types = this.call(scope, node, body);
      else if (row !== undefined) types = row.infer(context);
    } catch (thrown) {
      this.report(node, thrown);
    }
    const merged = node.outputs.map((name, i) => (name === '' ? types[i] : this.keep(scope, node, name, types[i], graphOutputs.get(name))));
    if (row === undefined || (row.values === undefined && row.move === undefined && node.opType !== 'Constant')) return;
    try {
      this.propagate(scope, row, context, merged);
    } catch (thrown) {
      this.report(node, thrown);
    }
  }

  private report(node: Node, thrown: unknown): void {
    // Shapes a row did not foresee surface as RangeError (an axis outside a list); both say the node cannot be right.
    if (!(thrown instanceof LatheError) && !(thrown instanceof RangeError)) throw thrown;
    const message = thrown instanceof Contradiction || thrown instanceof LatheError ? thrown.message : `${node.opType} ${node.name}: its attributes do not fit its inputs.`;
    if (!this.found.has(node)) this.found.set(node, { node, message });
  }

  /** Joins what was inferred with what the file declares: inferred first, declared where nothing is known. */
  private keep(scope: GraphScope, node: Node, name: string, inferred: ValueType | undefined, output: ValueInfo | undefined): ValueType | undefined {
    const declared = this.believed((output ?? scope.graph.valueInfo.get(name))?.type);
    const possible = possibleType(inferred);
    this.doubtful ||= possible !== inferred;
    const known = possible === undefined && scope.parent === undefined ? this.beliefs.known?.get(name) : undefined;
    const type = known ?? (declared === undefined ? possible : this.joined(node, name, possible, declared));
    if (type === undefined) scope.types.delete(name);
    else scope.types.set(name, type);
    return type;
  }

  private joined(node: Node, name: string, inferred: ValueType | undefined, declared: ValueType): ValueType {
    const stated = this.bind(declared);
    this.doubtful ||= differs(inferred, stated);
    if (inferred === undefined || stated.kind !== inferred.kind) return inferred ?? stated;
    if (inferred.kind !== 'tensor' || stated.kind !== 'tensor' || stated.shape === undefined) return inferred;
    if (inferred.shape === undefined) return { ...inferred, shape: stated.shape };
    if (contradicts(inferred.shape, stated.shape)) {
      if (!this.beliefs.bound && !this.found.has(node))
        this.found.set(node, { node, message: `${node.opType} ${node.name}: ${name} is declared ${formatShape(stated.shape)}, but its inputs make it ${formatShape(inferred.shape)}.` });
      return inferred;
    }
    const shape = stated.shape;
    if (inferred.shape.every((dimension) => dimension !== undefined)) return inferred;
    return { ...inferred, shape: inferred.shape.map((dimension, axis) => dimension ?? shape[axis]) };
  }

  /** What may be taken from a declaration of a value that is no input of the model: the runtime holds it to the element type, not to the shape. */
  private believed(declared: ValueType | undefined): ValueType | undefined {
    return this.beliefs.leastOf === undefined ? declared : withoutShape(declared);
  }

  /** Declared dimension names read as expressions, bindings put in. */
  private bind(type: ValueType): ValueType {
    if (type.kind !== 'tensor' || type.shape === undefined) return type;
    if (type.shape.every((dimension) => typeof dimension === 'number')) return type;
    return { ...type, shape: type.shape.map((dimension): Dimension => (typeof dimension === 'object' ? substituteDimension(parseDimension(dimension.text), this.bindings) : dimension)) };
  }

  private propagate(scope: GraphScope, row: OperatorRow, context: OperatorContext, types: readonly (ValueType | undefined)[]): void {
    const { node } = context;
    const name = node.outputs[0];
    if (name === undefined) return;
    if (node.opType === 'Constant') {
      const tensor = constantTensor(node);
      const values = tensor === undefined ? undefined : smallValues(tensor);
      if (values !== undefined) scope.know(name, values);
      return;
    }
    if (!isSmall(types[0])) return;
    if (row.values !== undefined) {
      row.values(context, types).forEach((values, i) => {
        const output = node.outputs[i];
        if (output !== undefined && output !== '' && values !== undefined) scope.know(output, values);
      });
      return;
    }
    const moved = moveValues(row, context);
    if (moved !== undefined) scope.know(name, moved);
  }

  private readonly subgraph = (outer: GraphScope, graph: Graph, inputs: readonly (ValueType | undefined)[], values?: readonly (Values | undefined)[]): readonly (ValueType | undefined)[] => {
    const scope = this.scope(graph, outer.opsetImports, outer, false);
    graph.inputs.forEach((input, i) => {
      const given = inputs[i];
      const declared = this.believed(input.type);
      const stated = declared === undefined ? undefined : this.bind(declared);
      const type = given === undefined ? declared : stated === undefined ? given : fill(given, stated);
      this.doubtful ||= differs(given, stated);
      if (type !== undefined) scope.types.set(input.name, type);
      const known = values?.[i];
      if (known !== undefined) scope.know(input.name, known);
    });
    this.run(scope);
    return graph.outputs.map((output) => scope.type(output.name) ?? this.believed(output.type));
  };

  /** Exporters guard what does not fit every size by an If (a Squeeze, say): a contradiction there is no fault of the model. */
  private readonly branch = (outer: GraphScope, graph: Graph): Branch => {
    const before = new Set(this.found.keys());
    const types = this.subgraph(outer, graph, []);
    const contradicted = [...this.found.keys()].filter((node) => !before.has(node));
    for (const node of contradicted) this.found.delete(node);
    this.doubtful ||= contradicted.length > 0;
    if (contradicted.length > 0) this.impossible.add(graph);
    else this.impossible.delete(graph);
    return { types, possible: contradicted.length === 0 };
  };

  private call(scope: GraphScope, node: Node, body: FunctionBody): readonly (ValueType | undefined)[] {
    if (this.active.has(body)) return [];
    const graph = instantiate(body, node);
    const inner = this.scope(graph, new Map([...this.model.opsetImports, ...body.opsetImports]), undefined, false);
    this.bodies.set(node, graph);
    body.inputs.forEach((name, i) => {
      const given = node.inputs[i];
      if (given === undefined || given === '') return;
      const type = scope.type(given);
      const values = scope.values(given);
      if (type !== undefined) inner.types.set(name, type);
      if (values !== undefined) inner.know(name, values);
    });
    this.active.add(body);
    this.run(inner);
    this.active.delete(body);
    return body.outputs.map((name, i) => {
      const values = inner.values(name);
      const output = node.outputs[i];
      if (values !== undefined && output !== undefined) scope.know(output, values);
      return inner.type(name);
    });
  }
}

/** Worth computing element by element: few elements, of a type shape arithmetic uses. */
function isSmall(type: ValueType | undefined): boolean {
  if (type?.kind !== 'tensor' || type.shape === undefined) return false;
  const limit = elementKind(type.elementType) === 'float' ? 16 : maxValueElements;
  let count = 1;
  for (const dimension of type.shape) {
    if (typeof dimension !== 'number') return false;
    count *= dimension;
    if (count > limit) return false;
  }
  return true;
}

/** Moves known elements; those of an input of which nothing is known stay unknown. */
function moveValues(row: OperatorRow, context: OperatorContext): Values | undefined {
  const { node } = context;
  if (!node.inputs.some((_, i) => (i === 0 || node.opType === 'Concat') && context.values(i) !== undefined)) return undefined;
  const movement: Movement | undefined = row.move?.(context);
  if (movement === undefined) return undefined;
  const parts: Dimension[] = [];
  for (const input of movement.inputs) {
    const values = context.values(input);
    const count = context.dims(input)?.reduce((product, size) => product * size, 1);
    if (count === undefined || count > maxValueElements) return undefined;
    if (values === undefined) for (let i = 0; i < count; i++) parts.push(undefined);
    else for (const value of values) parts.push(value);
  }
  const filler = movement.fill !== undefined && context.has(movement.fill) ? context.values(movement.fill)?.[0] : 0;
  return Array.from(movement.indices, (index) => (index < 0 ? filler : parts[index]));
}
