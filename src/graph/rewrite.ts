// Editing a graph and its subgraphs in place, with who makes and who reads each value kept current through every change.
import type { Tensor } from '../tensor/tensor';
import { LatheError } from '../base/errors';
import { FreeNames } from '../base/freeNames';
import { makeNode, type NodeInit } from './construct';
import type { Graph, Model, Node } from './model';
import { sortRounds } from './rewriteOrder';
import { nodeReads, subgraphs } from './traverse';

/** One node reading a value, and the scope the node stands in (the value's own or one nested in it). */
export interface Use {
  readonly node: Node;
  readonly scope: GraphEditor;
}

/**
 * The editors of a model's main graph and of all its subgraphs. Works on the model given, so give it a copy
 * (`cloneModel`); call {@link finish} before the model is used again. Functions are left as they are.
 */
export class ModelEditor {
  readonly root: GraphEditor;
  /** Every value and node name of the model, so that fresh names are fresh everywhere. */
  private readonly names = new FreeNames();
  /** How many scopes have defined a value of this name. */
  private readonly definitions = new Map<string, number>();
  private readonly scopes = new Map<Node, GraphEditor>();
  /** Called for every node whose surroundings changed; a worklist hangs itself in here. */
  onTouch: (node: Node) => void = () => undefined;

  constructor(readonly model: Model) {
    this.root = new GraphEditor(this, model.graph, undefined);
    this.root.indexReads();
  }

  /** The scope a node stands in; undefined once it is removed. */
  scopeOf(node: Node): GraphEditor | undefined {
    return this.scopes.get(node);
  }

  /** All scopes, enclosing before enclosed. */
  *allScopes(from: GraphEditor = this.root): Generator<GraphEditor> {
    yield from;
    for (const children of from.children.values()) for (const child of children) yield* this.allScopes(child);
  }

  freshName(hint: string): string {
    return this.names.fresh(hint, '_', 1);
  }

  /** Writes the node lists back into the graphs, in topological order that keeps to the old order where it can. */
  finish(): void {
    for (const scope of [...this.allScopes()].reverse()) scope.writeBack();
  }

  /** @internal */ take(name: string): void {
    this.names.take(name);
  }
  /** @internal */ takeValue(name: string): void {
    this.names.take(name);
    this.definitions.set(name, (this.definitions.get(name) ?? 0) + 1);
  }
  /** @internal A name for a value that moves to another scope: its own where no other value has it. */ movedName(name: string): string {
    return this.definitions.get(name) === 1 ? name : this.freshName(name);
  }
  /** @internal */ place(node: Node, scope: GraphEditor | undefined): void {
    if (scope === undefined) this.scopes.delete(node);
    else this.scopes.set(node, scope);
  }
}

/** One graph being edited. Every change goes through its methods, which keep the index and tell `onTouch`. */
export class GraphEditor {
  /** Scopes of the subgraphs of this graph's nodes. */
  readonly children = new Map<Node, GraphEditor[]>();
  private readonly nodeSet = new Set<Node>();
  private readonly inputNames: ReadonlySet<string>;
  private readonly producers = new Map<string, Node>();
  /** For values defined here: the nodes reading them (here or further in), with how many inputs. */
  private readonly readers = new Map<string, Map<Node, number>>();
  /** For values defined here: the graphs that list them among their outputs. */
  private readonly listed = new Map<string, Set<GraphEditor>>();

  constructor(
    readonly model: ModelEditor,
    readonly graph: Graph,
    public parent: GraphEditor | undefined,
  ) {
    this.inputNames = new Set(graph.inputs.map((value) => value.name));
    for (const name of new Set([...this.inputNames, ...graph.initializers.keys(), ...graph.sparseInitializers.keys()])) model.takeValue(name);
    for (const node of graph.nodes) this.define(node);
  }

  /** @internal Records who reads what, once every value of this scope is known. */
  indexReads(): void {
    for (const node of this.nodeSet) {
      for (const name of node.inputs) this.addRead(name, node);
      this.children.set(
        node,
        subgraphs(node).map(({ graph }) => new GraphEditor(this.model, graph, this)),
      );
      const children = this.children.get(node) ?? [];
      if (children.length === 0) this.children.delete(node);
      for (const child of children) child.indexReads();
    }
    for (const output of this.graph.outputs) this.resolve(output.name).list(output.name, this);
  }

  nodes(): IterableIterator<Node> {
    return this.nodeSet.values();
  }

  get nodeCount(): number {
    return this.nodeSet.size;
  }

  /** True when this scope itself (not an enclosing one) defines the value. */
  defines(name: string): boolean {
    return this.producers.has(name) || this.inputNames.has(name) || this.graph.initializers.has(name) || this.graph.sparseInitializers.has(name);
  }

  /** The scope, this or an enclosing one, that defines a value; the main graph for a value nobody defines. */
  resolve(name: string): GraphEditor {
    let scope: GraphEditor | undefined = this.defines(name) ? this : this.parent;
    while (scope !== undefined && !scope.defines(name)) scope = scope.parent;
    return scope ?? this.model.root;
  }

  /** The node making a value seen from this scope; undefined for inputs and initializers. */
  producer(name: string): Node | undefined {
    return name === '' ? undefined : this.resolve(name).producers.get(name);
  }

  /** Nodes reading a value seen from this scope, captures by subgraphs included; each node once. */
  uses(name: string): Use[] {
    const found: Use[] = [];
    for (const node of this.resolve(name).readers.get(name)?.keys() ?? []) {
      const scope = this.model.scopeOf(node);
      if (scope !== undefined) found.push({ node, scope });
    }
    return found;
  }

  /** Inputs reading the value plus graphs listing it as output. */
  useCount(name: string): number {
    const scope = this.resolve(name);
    let count = scope.listed.get(name)?.size ?? 0;
    for (const reads of scope.readers.get(name)?.values() ?? []) count += reads;
    return count;
  }

  isOutput(name: string): boolean {
    return (this.resolve(name).listed.get(name)?.size ?? 0) > 0;
  }

  isGraphInput(name: string): boolean {
    return this.resolve(name).inputNames.has(name);
  }

  /** The one node of the value's own scope that reads it, by one input, when nothing else does. */
  onlyReader(name: string): Node | undefined {
    if (this.useCount(name) !== 1) return undefined;
    const use = this.uses(name)[0];
    return use?.scope === this.resolve(name) ? use.node : undefined;
  }

  /** A constant's tensor: an initializer that no graph input can override, or a Constant node's value. */
  constant(name: string): Tensor | undefined {
    if (name === '') return undefined;
    const scope = this.resolve(name);
    if (scope.inputNames.has(name)) return undefined;
    const initializer = scope.graph.initializers.get(name);
    if (initializer !== undefined) return initializer;
    const value = scope.producers.get(name);
    if (value?.opType !== 'Constant' || value.domain !== '') return undefined;
    const attribute = value.attributes.get('value');
    return attribute?.type === 'tensor' ? attribute.value : undefined;
  }

  /** Makes an input of a node read another value. */
  setInput(node: Node, index: number, name: string): void {
    const old = node.inputs[index] ?? '';
    if (old === name) return;
    while (node.inputs.length < index) node.inputs.push('');
    this.dropRead(old, node);
    node.inputs[index] = name;
    this.addRead(name, node);
    this.touchProducer(old);
    this.touchAround(node);
  }

  /** Replaces all inputs of a node. */
  setInputs(node: Node, names: readonly string[]): void {
    for (const name of node.inputs) {
      this.dropRead(name, node);
      this.touchProducer(name);
    }
    node.inputs = [...names];
    for (const name of names) this.addRead(name, node);
    this.touchAround(node);
  }

  /** Leaves an optional output out; trailing ones are cut off. */
  dropOutput(node: Node, index: number): void {
    const name = node.outputs[index] ?? '';
    if (name === '') return;
    this.forget(name);
    node.outputs[index] = '';
    while (node.outputs.length > 1 && node.outputs.at(-1) === '') node.outputs.pop();
    this.touchAround(node);
  }

  /** Adds a node to this scope; its origin is what `from` came from. Its place in the order is found by {@link ModelEditor.finish}. */
  add(init: NodeInit, from: readonly Node[]): Node {
    const node = makeNode({ ...init, inputs: [...init.inputs], outputs: [...init.outputs], origin: mergedOrigin(from) });
    node.name = this.model.freshName(init.name ?? from[0]?.name ?? init.opType);
    this.define(node);
    for (const name of node.inputs) this.addRead(name, node);
    this.touchAround(node);
    return node;
  }

  /** Takes a node out, with its subgraphs. Its outputs should have no readers left, or be given to another node at once. */
  remove(node: Node): void {
    for (const child of this.children.get(node) ?? []) child.dissolve();
    this.children.delete(node);
    for (const name of node.inputs) {
      this.dropRead(name, node);
      this.touchProducer(name);
    }
    for (const name of node.outputs) {
      if (this.producers.get(name) !== node) continue;
      if (this.useCount(name) === 0) this.forget(name);
      else this.touchReaders(name);
      this.producers.delete(name);
    }
    this.nodeSet.delete(node);
    this.model.place(node, undefined);
  }

  /** Adds an initializer to this scope under a fresh name made from `hint`; returns the name. */
  addInitializer(tensor: Tensor, hint: string): string {
    const name = this.model.freshName(hint);
    this.graph.initializers.set(name, { ...tensor, name });
    return name;
  }

  removeInitializer(name: string): void {
    this.graph.initializers.delete(name);
    this.forget(name);
  }

  /** Turns a value made by a node into an initializer of the same name; the node goes. For nodes with one output. */
  becomeInitializer(node: Node, tensor: Tensor): void {
    const name = node.outputs[0] ?? '';
    this.producers.delete(name);
    this.graph.initializers.set(name, { ...tensor, name });
    this.remove(node);
    this.graph.valueInfo.delete(name);
    this.touchReaders(name);
  }

  /** Makes every node that reads `from` read `to` instead; graph outputs stay. @returns false, with nothing done, when a name further in hides `to`. */
  replaceUses(from: string, to: string): boolean {
    const target = this.resolve(to);
    const uses = this.uses(from);
    if (uses.some(({ scope }) => scope.resolve(to) !== target)) return false;
    for (const { node, scope } of uses) node.inputs.forEach((name, index) => name === from && scope.setInput(node, index, to));
    this.touchProducer(from);
    this.touchProducer(to);
    return true;
  }

  /**
   * Makes `to` stand for `from`, which `maker` makes, everywhere: nodes and graph outputs alike. `maker` is removed.
   * @returns false, with nothing done, when a graph output would lose its name.
   */
  substitute(maker: Node, from: string, to: string): boolean {
    if (!this.isOutput(from)) {
      if (!this.replaceUses(from, to)) return false;
      this.remove(maker);
      return true;
    }
    const producer = this.producers.get(to);
    if (producer === undefined || producer === maker || this.isOutput(to)) return false;
    if (this.uses(to).some(({ scope }) => scope.resolve(from) !== this)) return false;
    const listed = this.listed.get(from);
    this.remove(maker);
    this.renameOutput(producer, to, from);
    if (listed !== undefined) this.listed.set(from, listed);
    return true;
  }

  /** Gives an output of a node another name, which nothing makes yet; readers follow. */
  renameOutput(node: Node, from: string, to: string): void {
    const index = node.outputs.indexOf(from);
    if (index < 0) throw new LatheError('internal', `${node.name} does not make ${from}.`, { item: node.name });
    const uses = this.uses(from);
    const listed = this.listed.get(from);
    node.outputs[index] = to;
    this.producers.set(to, node);
    this.model.take(to);
    for (const use of uses) use.node.inputs.forEach((name, at) => name === from && use.scope.setInput(use.node, at, to));
    this.producers.delete(from);
    this.graph.valueInfo.delete(from);
    this.listed.delete(from);
    this.readers.delete(from);
    if (listed !== undefined) this.listed.set(to, new Set([...listed, ...(this.listed.get(to) ?? [])]));
    this.touchAround(node);
  }

  /** Moves a subgraph's nodes and initializers into this scope in place of the node that holds it (an If whose condition is known). */
  inline(holder: Node, child: GraphEditor): void {
    const results = child.graph.outputs.map((output) => output.name);
    const renamed = child.moveInto(this, holder);
    this.children.set(holder, (this.children.get(holder) ?? []).filter((other) => other !== child));
    const outputs = [...holder.outputs];
    this.remove(holder);
    outputs.forEach((name, i) => {
      const result = results[i];
      if (name === '' || result === undefined) return;
      this.add({ opType: 'Identity', name: `${holder.name}_${i}`, inputs: [renamed.get(result) ?? result], outputs: [name] }, [holder]);
    });
  }

  /** Says that a node's attributes changed. */
  touch(node: Node): void {
    this.touchAround(node);
  }

  /** @internal */ writeBack(): void {
    this.graph.nodes = sortRounds([...this.nodeSet], nodeReads);
    const known = new Set([...this.producers.keys(), ...this.graph.initializers.keys()]);
    for (const name of this.graph.valueInfo.keys()) if (!known.has(name)) this.graph.valueInfo.delete(name);
  }

  private moveInto(target: GraphEditor, holder: Node): Map<string, string> {
    const renamed = new Map<string, string>();
    for (const output of this.graph.outputs) this.resolve(output.name).listed.get(output.name)?.delete(this);
    const moved = [...this.nodeSet];
    const own = [...this.graph.initializers.keys(), ...moved.flatMap((node) => node.outputs.filter((name) => name !== ''))];
    for (const name of own) renamed.set(name, this.model.movedName(name));
    const uses = own.map((name) => ({ name, uses: this.uses(name) }));
    for (const [name, tensor] of this.graph.initializers) {
      const to = renamed.get(name) ?? name;
      target.graph.initializers.set(to, { ...tensor, name: to });
    }
    for (const node of moved) {
      for (const name of node.inputs) this.dropRead(name, node);
      const children = this.children.get(node);
      this.children.delete(node);
      this.nodeSet.delete(node);
      node.outputs = node.outputs.map((name) => renamed.get(name) ?? name);
      node.origin = mergedOrigin([node, holder]);
      target.define(node);
      if (children === undefined) continue;
      target.children.set(node, children);
      for (const child of children) child.parent = target;
    }
    for (const node of moved) {
      node.inputs = node.inputs.map((name) => renamed.get(name) ?? name);
      for (const name of node.inputs) target.addRead(name, node);
      target.touchAround(node);
    }
    for (const { name, uses: readers } of uses)
      for (const { node, scope } of readers) {
        if (scope === this || target.nodeSet.has(node)) continue;
        node.inputs.forEach((input, at) => {
          if (input !== name) return;
          node.inputs[at] = renamed.get(name) ?? name;
          scope.addRead(node.inputs[at], node);
        });
      }
    this.producers.clear();
    this.readers.clear();
    this.graph.initializers.clear();
    return renamed;
  }

  /** Unregisters everything inside a scope that goes away with its node. */
  private dissolve(): void {
    for (const output of this.graph.outputs) this.resolve(output.name).listed.get(output.name)?.delete(this);
    for (const node of this.nodeSet) {
      for (const child of this.children.get(node) ?? []) child.dissolve();
      for (const name of node.inputs) {
        this.dropRead(name, node);
        this.touchProducer(name);
      }
      this.model.place(node, undefined);
    }
  }

  private define(node: Node): void {
    this.nodeSet.add(node);
    this.model.place(node, this);
    if (node.name !== '') this.model.take(node.name);
    for (const output of node.outputs) {
      if (output === '') continue;
      this.model.takeValue(output);
      this.producers.set(output, node);
    }
  }

  private forget(name: string): void {
    this.producers.delete(name);
    this.readers.delete(name);
    this.listed.delete(name);
    this.graph.valueInfo.delete(name);
    const annotations = this.graph.quantizationAnnotations;
    if (annotations.length > 0) this.graph.quantizationAnnotations = annotations.filter((annotation) => annotation.tensorName !== name);
  }

  private list(name: string, by: GraphEditor): void {
    const graphs = this.listed.get(name);
    if (graphs === undefined) this.listed.set(name, new Set([by]));
    else graphs.add(by);
  }

  private addRead(name: string, node: Node): void {
    if (name === '') return;
    const { readers } = this.resolve(name);
    const reads = readers.get(name);
    if (reads === undefined) readers.set(name, new Map([[node, 1]]));
    else reads.set(node, (reads.get(node) ?? 0) + 1);
  }

  private dropRead(name: string, node: Node): void {
    if (name === '') return;
    const reads = this.resolve(name).readers.get(name);
    const count = reads?.get(node);
    if (reads === undefined || count === undefined) return;
    if (count > 1) reads.set(node, count - 1);
    else reads.delete(node);
  }

  private touchAround(node: Node): void {
    this.model.onTouch(node);
    for (const name of node.inputs) this.touchProducer(name);
    for (const name of node.outputs) this.touchReaders(name);
  }

  private touchProducer(name: string): void {
    const producer = this.producer(name);
    if (producer !== undefined) this.model.onTouch(producer);
  }

  private touchReaders(name: string): void {
    if (name === '') return;
    for (const { node } of this.uses(name)) this.model.onTouch(node);
  }
}

/** Source nodes of a node made from several: their union, in order. */
export function mergedOrigin(from: readonly Node[]): string[] {
  return [...new Set(from.flatMap((node) => node.origin))];
}
