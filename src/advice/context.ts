// What a finding's rule is given, and the small questions that several rules ask of a graph.
import type { ModelAnalysis, LayerAnalysis } from '../analysis/analyze';
import { type NodeKey, GraphIndex } from '../graph/traverse';
import type { Graph, Model, Node } from '../graph/model';
import type { Finding, FindingCode, Fix } from '../protocol/findings';
import type { Profile } from '../protocol/measurement';
import type { Tensor } from '../tensor/tensor';

/** Thresholds of "oversized", which the person may change. */
export interface AdviceSettings {
  /** Share of the metric that the oversized layers hold together. */
  readonly oversizedShare: number;
  /** Share that each of them holds at least. */
  readonly oversizedMinimum: number;
}

export const defaultAdviceSettings: AdviceSettings = { oversizedShare: 0.5, oversizedMinimum: 0.05 };

/** A finding before its fixes have ids. */
export type Draft = Omit<Finding, 'fixes'> & { readonly fixes?: readonly Omit<Fix, 'id'>[] };

/** One kind of finding; a rule that reads weights runs only when asked for (`deep`). */
export interface FindingRule {
  readonly codes: readonly FindingCode[];
  readonly deep?: true;
  find(context: AdviceContext): Iterable<Draft> | AsyncIterable<Draft>;
}

export class AdviceContext {
  private readonly indexes = new Map<Graph, GraphIndex>();
  private keys: Map<Node, NodeKey> | undefined;
  /** Every graph of the model: the main one, then those of If, Loop and Scan in file order. */
  readonly graphs: readonly Graph[];

  constructor(
    readonly model: Model,
    readonly analysis: ModelAnalysis,
    readonly settings: AdviceSettings,
    readonly profile: Profile | undefined,
    readonly signal: AbortSignal,
  ) {
    const graphs = new Set([model.graph]);
    for (const { graph } of analysis.layers) graphs.add(graph);
    this.graphs = [...graphs];
  }

  get layers(): readonly LayerAnalysis[] {
    return this.analysis.layers;
  }

  index(graph: Graph): GraphIndex {
    let index = this.indexes.get(graph);
    if (index === undefined) this.indexes.set(graph, (index = new GraphIndex(graph)));
    return index;
  }

  keyOf(node: Node): NodeKey {
    this.keys ??= new Map(this.layers.map((layer) => [layer.node, layer.key]));
    return this.keys.get(node) ?? node.name;
  }

  /** The tensor a name stands for in this graph: an initializer or a Constant node's value. Outer scopes are not searched. */
  constant(graph: Graph, name: string): Tensor | undefined {
    const initializer = graph.initializers.get(name);
    if (initializer !== undefined) return initializer;
    const producer = this.index(graph).producer(name);
    const value = producer?.opType === 'Constant' ? producer.attributes.get('value') : undefined;
    return value?.type === 'tensor' ? value.value : undefined;
  }

  /** True when the value is read by exactly one node and is no output of its graph. */
  hasOneUse(graph: Graph, name: string): boolean {
    const index = this.index(graph);
    return index.consumersOf(name).length === 1 && !index.outputNames.has(name);
  }
}
