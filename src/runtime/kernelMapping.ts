// From the kernels the runtime ran back to the source's nodes: which node each kernel stands for, and which nodes were fused into it.
import type { Graph, Model, Node } from '../graph/model';
import { type NodeKey, nodeReads, subgraphs, walkNodes } from '../graph/traverse';
import type { Kernel } from './profileEvents';

/** Node names that survive in whatever names the runtime makes from them. */
const token = /lathe_n(\d+)_/;

/** Source nodes by index of their token, and what connects them. */
export interface SourceIndex {
  readonly nodes: readonly { readonly key: NodeKey; readonly node: Node; readonly reads: readonly string[] }[];
  readonly producers: ReadonlyMap<string, number>;
  readonly consumers: ReadonlyMap<string, readonly number[]>;
}

/** Renames every node of `model` (a copy of the source's) to its token and indexes them, with their keys in the source. */
export function nameNodes(model: Model): SourceIndex {
  const nodes = [...walkNodes(model.graph)].map(({ node, key }) => ({ key, node, reads: nodeReads(node) }));
  const producers = new Map<string, number>();
  const consumers = new Map<string, number[]>();
  for (const [index, { node, reads }] of nodes.entries()) {
    node.name = `lathe_n${index}_`;
    for (const output of node.outputs) if (output !== '') producers.set(output, index);
    for (const name of new Set(reads)) {
      const known = consumers.get(name);
      if (known === undefined) consumers.set(name, [index]);
      else known.push(index);
    }
  }
  return { nodes, producers, consumers };
}

export interface KernelMapping {
  /** Kernel name → index of the source node it stands for; absent for kernels the runtime added. */
  readonly node: ReadonlyMap<string, number>;
  /** Index of a source node → index of the node whose kernel does its work. */
  readonly fusedInto: ReadonlyMap<number, number>;
}

/** Kernels that move data between layouts or devices: never the work of a source node. */
const movers: ReadonlySet<string> = new Set(['ReorderInput', 'ReorderOutput', 'MemcpyToHost', 'MemcpyFromHost']);
const borders: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear', 'Cast', 'Transpose']);

/** Operators of the source that a fused kernel's operator is named after. */
const families: readonly { readonly kernel: RegExp; readonly ops: ReadonlySet<string> }[] = [
  { kernel: /^(Fused|QLinear|NhwcFused|Nhwc)?Conv$|^ConvInteger$/, ops: new Set(['Conv', 'ConvInteger', 'QLinearConv']) },
  { kernel: /ConvTranspose$/, ops: new Set(['ConvTranspose']) },
  { kernel: /MatMul|Gemm|^DynamicQuantizeMatMul$/, ops: new Set(['MatMul', 'Gemm', 'MatMulInteger', 'QLinearMatMul']) },
  { kernel: /LayerNorm/, ops: new Set(['LayerNormalization', 'Div']) },
  { kernel: /Attention/, ops: new Set(['Attention', 'Softmax']) },
  { kernel: /Gelu$/, ops: new Set(['Gelu', 'Erf', 'Tanh']) },
];

/**
 * Pairs kernels with source nodes: by the node's token in the kernel's name, by the value the name is made of (`<value>_nchwc`),
 * or by the values the kernel makes in the optimised graph. Nodes without a kernel of their own that lie between a kernel's
 * inputs and its outputs were fused into it.
 */
export function mapKernels(source: SourceIndex, kernels: readonly Kernel[], optimised: Graph | undefined): KernelMapping {
  const made = optimised === undefined ? new Map<string, readonly string[]>() : madeValues(optimised);
  const node = new Map<string, number>();
  for (const kernel of kernels) {
    const index = directNode(source, kernel, made);
    if (index !== undefined) node.set(kernel.name, index);
  }
  // First the nodes named directly: a fused kernel must not be given one that has a kernel of its own.
  const taken = new Set(node.values());
  for (const kernel of kernels) {
    const index = node.get(kernel.name);
    if (index === undefined) continue;
    const better = familiar(source, kernel, index, taken);
    if (better === undefined) continue;
    taken.delete(index);
    taken.add(better);
    node.set(kernel.name, better);
  }
  return { node, fusedInto: fusions(source, kernels, node, taken, made) };
}

/** Values each node of the optimised graph makes, by node name; the runtime's layout values are followed to the source's. */
function madeValues(optimised: Graph): Map<string, readonly string[]> {
  const made = new Map<string, readonly string[]>();
  const reordered = new Map<string, string>();
  const visit = (graph: Graph): void => {
    for (const node of graph.nodes) {
      if (node.opType === 'ReorderOutput') reordered.set(node.inputs[0] ?? '', node.outputs[0] ?? '');
      made.set(node.name, node.outputs);
      for (const inner of subgraphs(node)) visit(inner.graph);
    }
  };
  visit(optimised);
  for (const [name, outputs] of made) made.set(name, outputs.map((output) => reordered.get(output) ?? output));
  return made;
}

function directNode(source: SourceIndex, { name, op }: Kernel, made: ReadonlyMap<string, readonly string[]>): number | undefined {
  if (movers.has(op)) return undefined;
  const named = token.exec(name)?.[1];
  // The runtime's own Casts and Q/DQ pairs carry the name of a neighbour.
  if (named !== undefined) return borders.has(op) && source.nodes[Number(named)]?.node.opType !== op ? undefined : Number(named);
  const value = /^(.*)_nchwc(?:_token_\d+)?$/.exec(name)?.[1];
  const byValue = value === undefined ? undefined : source.producers.get(value);
  if (byValue !== undefined) return byValue;
  const makers = (made.get(name) ?? []).map((output) => source.producers.get(output)).filter((index) => index !== undefined);
  const maker = makers[0];
  return maker === undefined || (borders.has(op) && source.nodes[maker]?.node.opType !== op) ? undefined : maker;
}

/** The node before the given one that the kernel is named after, e.g. the Conv whose BatchNormalization was folded into it. */
function familiar(source: SourceIndex, { op }: Kernel, index: number, taken: ReadonlySet<number>): number | undefined {
  const family = families.find(({ kernel }) => kernel.test(op));
  if (family === undefined || family.ops.has(source.nodes[index]?.node.opType ?? '')) return undefined;
  for (const before of reachedBackwards(source, [index], taken)) if (family.ops.has(source.nodes[before]?.node.opType ?? '')) return before;
  return undefined;
}

/** Nodes without a kernel that lead to the given ones, nearest first. */
function* reachedBackwards(source: SourceIndex, from: readonly number[], taken: ReadonlySet<number>): Generator<number> {
  const seen = new Set(from);
  let frontier = from;
  while (frontier.length > 0) {
    const next: number[] = [];
    for (const index of frontier)
      for (const read of source.nodes[index]?.reads ?? []) {
        const before = source.producers.get(read);
        if (before === undefined || seen.has(before) || taken.has(before)) continue;
        seen.add(before);
        next.push(before);
        yield before;
      }
    frontier = next;
  }
}

function fusions(source: SourceIndex, kernels: readonly Kernel[], nodeOf: ReadonlyMap<string, number>, taken: ReadonlySet<number>, made: ReadonlyMap<string, readonly string[]>): Map<number, number> {
  const fused = new Map<number, number>();
  const constants = constantNodes(source);
  const claim = (index: number, owner: number): void => {
    if (!taken.has(index) && !constants.has(index) && !fused.has(index) && index !== owner) fused.set(index, owner);
  };
  const stops = new Set(taken);
  for (const kernel of kernels) {
    const owner = nodeOf.get(kernel.name);
    if (owner === undefined) continue;
    const ends = (made.get(kernel.name) ?? []).map((value) => source.producers.get(value)).filter((index) => index !== undefined);
    // A kernel in the runtime's own layout hides what it makes: activations and sums after it went into it.
    const last = ends.length > 0 ? ends : followForward(source, owner, taken, constants);
    for (const index of last) claim(index, owner);
    for (const index of [...reachedBackwards(source, [...last, owner], stops)]) claim(index, owner);
    for (const index of fused.keys()) stops.add(index);
  }
  return fused;
}

/** The chain of sole consumers without kernels that follows a node. */
function followForward(source: SourceIndex, from: number, taken: ReadonlySet<number>, constants: ReadonlySet<number>): number[] {
  const chain: number[] = [];
  for (let at = from; ; ) {
    const consumers = source.nodes[at]?.node.outputs.flatMap((output) => source.consumers.get(output) ?? []) ?? [];
    const [next] = consumers;
    if (next === undefined || new Set(consumers).size !== 1 || taken.has(next) || constants.has(next) || chain.includes(next)) return chain;
    chain.push(next);
    at = next;
  }
}

/** Nodes computed before the first run: they read nothing that depends on an input. */
function constantNodes(source: SourceIndex): Set<number> {
  const made = new Set<string>();
  const constants = new Set<number>();
  // File order is an order of execution: what a node reads comes before it.
  for (const [index, { node, reads }] of source.nodes.entries()) {
    if (!reads.every((read) => made.has(read)) || (node.opType !== 'Constant' && reads.length === 0)) continue;
    constants.add(index);
    for (const output of node.outputs) made.add(output);
  }
  return constants;
}
