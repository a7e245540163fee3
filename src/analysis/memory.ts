// The activation-memory plan: what lies in memory at once when a model runs node by node in file order.
import type { Graph, Model, Node } from '../graph/model';
import { distinctReads, subgraphs } from '../graph/traverse';
import type { TypeInference } from './infer';
import { valueBytes } from './summarize';
import type { WeightFinder } from './weights';

export interface MemoryPlan {
  /** Most bytes of activations alive at once; null when a size is unknown at the bindings. */
  readonly peakBytes: number | null;
  /** The node of the top graph that runs at the peak. */
  readonly peakNode?: Node;
  /** Bytes alive while each node of the top graph runs. */
  readonly aliveBytes: readonly (readonly [Node, number])[];
  /** Outputs that took over an input's memory, and views of one: no bytes of their own. */
  readonly reused: number;
}

/**
 * Nodes run in file order. An input of the model is alive until it was last read, an output of the model to the end, every
 * other value from the node that makes it to the last that reads it. An elementwise node (or another that may work in
 * place) takes over the memory of a first input read for the last time if it is as large; a view shares its input's.
 * Weights and constants are no activations. A subgraph adds the peak of its own values.
 */
export function planActivations(model: Model, types: TypeInference, finder: WeightFinder): MemoryPlan {
  return new Planner(types, finder).plan(model.graph);
}

interface Buffer {
  readonly bytes: number;
  /** Values that lie in it and are still to be read. */
  users: number;
}

class Planner {
  constructor(
    private readonly types: TypeInference,
    private readonly finder: WeightFinder,
  ) {}

  plan(graph: Graph): MemoryPlan {
    const reads = new Map<string, number>();
    const readsOf = graph.nodes.map(distinctReads);
    for (const names of readsOf) for (const name of names) reads.set(name, (reads.get(name) ?? 0) + 1);
    for (const output of graph.outputs) reads.set(output.name, (reads.get(output.name) ?? 0) + 1);
    const buffers = new Map<string, Buffer>();
    let alive = 0;
    let peak = 0;
    let reused = 0;
    const unsized: string[] = [];
    let peakNode: Node | undefined;
    const aliveBytes: (readonly [Node, number])[] = [];
    const make = (name: string): void => {
      const bytes = valueBytes(this.types.typeOf(graph, name));
      if (typeof bytes !== 'number') {
        if (bytes !== undefined || this.isInput(graph, name)) unsized.push(name);
        return;
      }
      buffers.set(name, { bytes, users: 1 });
      alive += bytes;
    };
    const release = (name: string): void => {
      const buffer = buffers.get(name);
      if (buffer === undefined) return;
      buffers.delete(name);
      buffer.users--;
      if (buffer.users === 0) alive -= buffer.bytes;
    };
    for (const input of graph.inputs) if (!graph.initializers.has(input.name)) make(input.name);
    peak = alive;
    graph.nodes.forEach((node, i) => {
      const row = this.types.rowOf(graph, node);
      if (this.finder.isFolded(graph, node)) return;
      node.outputs.forEach((name, at) => {
        if (name === '') return;
        const shared = at === 0 ? this.shared(graph, node, row?.traits ?? {}, buffers, reads) : undefined;
        if (shared === undefined) make(name);
        else {
          shared.users++;
          buffers.set(name, shared);
          reused++;
        }
      });
      const now = alive + this.innerPeak(node);
      aliveBytes.push([node, now]);
      if (now > peak) {
        peak = now;
        peakNode = node;
      }
      for (const name of readsOf[i] ?? []) {
        const left = (reads.get(name) ?? 1) - 1;
        reads.set(name, left);
        if (left === 0) release(name);
      }
      for (const name of node.outputs) if (name !== '' && (reads.get(name) ?? 0) === 0) release(name);
    });
    return { peakBytes: unsized.length > 0 ? null : peak, aliveBytes, reused, ...(peakNode === undefined ? {} : { peakNode }) };
  }

  private isInput(graph: Graph, name: string): boolean {
    return graph.inputs.some((input) => input.name === name);
  }

  private shared(graph: Graph, node: Node, traits: { readonly view?: boolean; readonly inPlace?: boolean }, buffers: ReadonlyMap<string, Buffer>, reads: ReadonlyMap<string, number>): Buffer | undefined {
    const [input] = node.inputs;
    const [output] = node.outputs;
    if (input === undefined || output === undefined || (traits.view !== true && traits.inPlace !== true)) return undefined;
    const candidates = traits.view === true ? [input] : node.inputs.slice(0, 2);
    for (const name of candidates) {
      const buffer = buffers.get(name);
      if (buffer === undefined || buffer.bytes !== valueBytes(this.types.typeOf(graph, output))) continue;
      if (traits.view === true || (reads.get(name) === 1 && buffer.users === 1)) return buffer;
    }
    return undefined;
  }

  /** The larger of two branches; a loop's body once. */
  private innerPeak(node: Node): number {
    if (node.attributes.size === 0) return 0;
    return subgraphs(node).reduce((largest, { graph }) => (this.types.isPossible(graph) ? Math.max(largest, this.plan(graph).peakBytes ?? 0) : largest), 0);
  }
}
