// What a rule may ask of a TensorFlow graph: which nodes it must leave alone, and what constants hold.
import { controlAttribute, tensorflowDomain } from '../../../formats/tfjs/graphModel';
import { storedBytes } from '../../../formats/tfjs/manifest';
import type { Node } from '../../../graph/model';
import type { GraphEditor, ModelEditor } from '../../../graph/rewrite';
import type { RewriteRule } from '../../../graph/rewriteRules';
import { toFloat64Array } from '../../../tensor/decode';
import { elementKind } from '../../../tensor/elementType';
import { elementCount, type Tensor } from '../../../tensor/tensor';

export type TensorflowRule = RewriteRule<TensorflowContext>;

/** A rule over TensorFlow's operators. */
export function rule(id: string, opTypes: readonly string[], apply: TensorflowRule['apply']): TensorflowRule {
  return { id, opTypes, domain: tensorflowDomain, apply: (node, scope, context) => context.mayChange(node) && apply(node, scope, context) };
}

/** Constants above this many elements are never turned into JavaScript numbers by rules that look for scales and shifts. */
const smallConstant = 1 << 16;

export class TensorflowContext {
  /** Nodes within loops and choices: each of their values may exist in several rounds, or in none. */
  private readonly held: ReadonlySet<Node>;
  /** Nodes that others wait for by name. */
  private readonly awaited: ReadonlySet<string>;
  private readonly numbersOf = new WeakMap<Tensor, Float64Array>();
  /** Weights that were stored in few bits and are stored as float32 now. */
  expanded = 0;

  constructor(
    editor: ModelEditor,
    /** Whether weights that are stored in few bits stay as they are. */
    private readonly keepQuantized: boolean,
  ) {
    this.held = nodesUnderControl(editor.root);
    this.awaited = new Set([...editor.root.nodes()].flatMap(waitsFor));
  }

  /** False for nodes in loops and choices, those that wait for others and those that others wait for. */
  mayChange(node: Node): boolean {
    return node.domain === tensorflowDomain && !this.held.has(node) && !this.awaited.has(node.name) && !node.attributes.has(controlAttribute);
  }

  /** Whether a weight may be replaced by what is computed of it; a quantised one is written as float32 then. */
  mayReplace(weight: Tensor): boolean {
    return !this.keepQuantized || !isQuantized(weight);
  }

  noteReplaced(weight: Tensor): void {
    if (isQuantized(weight)) this.expanded++;
  }

  /** Elements of a small float constant. */
  floats(scope: GraphEditor, name: string): Float64Array | undefined {
    const tensor = scope.constant(name);
    return tensor?.elementType === 'float32' ? this.numbers(tensor) : undefined;
  }

  /** Elements of a small constant of whole numbers. */
  integers(scope: GraphEditor, name: string): readonly number[] | undefined {
    const tensor = scope.constant(name);
    if (tensor === undefined || elementKind(tensor.elementType) !== 'signed') return undefined;
    const numbers = this.numbers(tensor);
    return numbers?.every(Number.isSafeInteger) === true ? [...numbers] : undefined;
  }

  /** A constant with one element and no axes, which changes no shape. */
  scalar(scope: GraphEditor, name: string): number | undefined {
    return scope.constant(name)?.dims.length === 0 ? this.floats(scope, name)?.[0] : undefined;
  }

  /** What makes a value, when `reader` alone reads it, by one input, and it may be changed. */
  ownProducer(value: string, reader: Node, scope: GraphEditor): Node | undefined {
    const producer = scope.producer(value);
    return producer !== undefined && producer.outputs.length === 1 && this.mayChange(producer) && scope.onlyReader(value) === reader ? producer : undefined;
  }

  private numbers(tensor: Tensor): Float64Array | undefined {
    if (elementCount(tensor.dims) > smallConstant) return undefined;
    let numbers = this.numbersOf.get(tensor);
    if (numbers === undefined) this.numbersOf.set(tensor, (numbers = toFloat64Array(tensor)));
    return numbers;
  }
}

/** Whether a weight is stored in fewer bits than it is read in. */
export function isQuantized(weight: Tensor): boolean {
  return storedBytes(weight) < weight.source.byteLength;
}

/** Names of the nodes a node waits for without reading them. */
export function waitsFor(node: Node): readonly string[] {
  const attribute = node.attributes.get(controlAttribute);
  return attribute?.type === 'strings' ? attribute.value : [];
}

/** Where a loop or a choice begins. */
const begins: ReadonlySet<string> = new Set(['Enter', 'Switch', 'RefEnter', 'RefSwitch', 'SwitchN', 'Merge', 'NextIteration', 'LoopCond']);
/** Where a value leaves a loop for good. */
const ends: ReadonlySet<string> = new Set(['Exit', 'RefExit']);

/** Nodes that read, directly or not, what a loop or a choice makes, up to where it leaves the loop. After a choice all are counted in. */
function nodesUnderControl(scope: GraphEditor): ReadonlySet<Node> {
  const found = new Set<Node>();
  const byName = new Map([...scope.nodes()].map((node) => [node.name, node]));
  const waiting = new Map<Node, Node[]>();
  for (const node of byName.values())
    for (const name of waitsFor(node)) {
      const before = byName.get(name);
      if (before !== undefined) waiting.set(before, [...(waiting.get(before) ?? []), node]);
    }
  const todo = [...byName.values()].filter(({ opType }) => begins.has(opType));
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    if (ends.has(node.opType)) continue;
    for (const output of node.outputs) for (const use of scope.uses(output)) todo.push(use.node);
    todo.push(...(waiting.get(node) ?? []));
  }
  return found;
}
