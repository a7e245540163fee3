// The analysis of a model: for each node its weights, arithmetic, memory traffic and outputs, and the totals.
import { evaluateDimension } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import { inputSymbols } from '../graph/inputs';
import type { Graph, Model, Node } from '../graph/model';
import { walkNodes } from '../graph/traverse';
import type { NodeKey } from '../graph/traverse';
import type { NodeNotLowered } from '../formats/tfjs/lower/lower';
import type { ValueSummary } from '../protocol/analysis';
import { nodeCost } from './cost';
import { bindingMap, inferTypes } from './infer';
import type { InferOptions, TypeInference } from './infer';
import { attributed, lowered } from './lowered';
import { planActivations } from './memory';
import type { MemoryPlan } from './memory';
import { summarizeValue, valueBytes } from './summarize';
import { modelTotals } from './totals';
import { WeightFinder } from './weights';
import type { CallLink, WeightUse } from './weights';

/** One node. Costs are null where a dimension they need is unknown at the bindings. */
export interface LayerAnalysis {
  readonly key: NodeKey;
  readonly node: Node;
  readonly graph: Graph;
  /** Keys of the nodes whose subgraphs hold this one, outermost first. */
  readonly enclosing: readonly NodeKey[];
  /** The node owns weights, whether or not an earlier node already counted them. */
  readonly hasWeights: boolean;
  /** Stored tensors the node uses; a tensor shared with an earlier node is listed here too. */
  readonly weights: readonly WeightUse[];
  /** Learned numbers counted here: those of shared tensors count at the first node that uses them. */
  readonly parameters: number;
  /** Bytes of all stored tensors counted here, running statistics, scales and zero points included. */
  readonly weightBytes: number;
  /** For one inference: the body of a loop is counted as often as it runs, where that is known, else once. */
  readonly macs: number | null;
  readonly flops: number | null;
  /** Inputs and weights read, outputs written; nothing for what a runtime folds or only views. */
  readonly bytesMoved: number | null;
  /** Bytes of the outputs made; 0 for constants. */
  readonly activationBytes: number | null;
  readonly outputs: readonly ValueSummary[];
  /** The node depends on constants only: a runtime folds it, it costs nothing when the model runs. */
  readonly folded: boolean;
  /** The operator is neither in the table nor a function of the model. */
  readonly unknownOperator: boolean;
}

export interface ModelTotals {
  readonly nodes: number;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly macs: number | null;
  readonly flops: number | null;
  readonly bytesMoved: number | null;
  readonly peakActivationBytes: number | null;
}

export interface ModelAnalysis {
  /** One per node in the order of `walkNodes`. */
  readonly layers: readonly LayerAnalysis[];
  readonly totals: ModelTotals;
  readonly types: TypeInference;
  readonly memory: MemoryPlan;
  /** Symbols of the input dimensions. */
  readonly symbols: readonly string[];
  /** Nodes of a TensorFlow.js model whose shapes and costs are unknown because there is no ONNX for them, and why; without what depends on them. */
  readonly notLowered: readonly NodeNotLowered[];
  readonly bindings: ReadonlyMap<string, number>;
}

/**
 * Analyses a model without running it.
 * MACs are the multiply-accumulates of contractions (convolution, matrix product, recurrence, attention), as the published
 * counts of torchvision, fvcore and the papers have them; FLOPs are twice the MACs plus one for every other elementary operation.
 */
export function analyzeModel(model: Model, options: InferOptions = {}): ModelAnalysis {
  const bindings = bindingMap(options.bindings);
  // What TensorFlow.js's operators make and cost is known of their lowered form only; their weights are known as they are.
  const lowering = model.format === 'onnx' ? undefined : lowered(model, bindings);
  const costs = lowering === undefined ? undefined : attributed(lowering, analyzeModel(lowering.model));
  const types = inferTypes(model, lowering === undefined ? options : { ...options, known: lowering.types });
  const finder = new WeightFinder(types, callLinks(model, types));
  const counted = new Set<object>();
  const trips = new Map<Graph, number>();
  const layers: LayerAnalysis[] = [];
  for (const { node, key, graph, enclosing } of walkNodes(model.graph)) {
    const folded = costs === undefined && finder.isFolded(graph, node);
    const uses = folded ? [] : finder.usesOf(graph, node);
    let parameters = 0;
    let weightBytes = 0;
    let hasWeights = false;
    for (const use of uses) {
      if (use.parameters > 0 || use.role === 'statistics') hasWeights = true;
      if (counted.has(use.identity)) continue;
      counted.add(use.identity);
      parameters += use.parameters;
      weightBytes += use.bytes;
    }
    const cost = costs?.costOf(key, node) ?? nodeCost({ model, types, finder, graph, node, folded, trips, counted, uses, bindings });
    layers.push({
      key,
      node,
      graph,
      enclosing,
      hasWeights: hasWeights || cost.inner.parameters > 0,
      weights: uses,
      parameters: parameters + cost.inner.parameters,
      weightBytes: weightBytes + cost.inner.weightBytes,
      macs: known(cost.macs, bindings),
      flops: known(cost.flops, bindings),
      bytesMoved: known(cost.bytesMoved, bindings),
      activationBytes: folded ? 0 : known(sumOfBytes(types, graph, node), bindings),
      outputs: node.outputs.filter((name) => name !== '').map((name) => summarizeValue(name, types.typeOf(graph, name))),
      folded,
      unknownOperator: cost.unknownOperator,
    });
  }
  const memory = costs?.memory ?? planActivations(model, types, finder);
  return { layers, totals: { ...modelTotals(layers, types), ...costs?.totals, peakActivationBytes: memory.peakBytes }, types, memory, symbols: inputSymbols(model.graph), notLowered: lowering?.notLowered ?? [], bindings };
}

const known = (dimension: Dimension | null, bindings: ReadonlyMap<string, number>): number | null => (dimension === null ? null : (evaluateDimension(dimension, bindings) ?? null));

function sumOfBytes(types: TypeInference, graph: Graph, node: Node): Dimension {
  let sum = 0;
  for (const name of node.outputs) {
    if (name === '') continue;
    const bytes = valueBytes(types.typeOf(graph, name));
    if (typeof bytes !== 'number') return bytes;
    sum += bytes;
  }
  return sum;
}

/** Where the inputs of instantiated functions come from. */
function callLinks(model: Model, types: TypeInference): ReadonlyMap<Graph, CallLink> {
  const links = new Map<Graph, CallLink>();
  if (model.functions.length === 0) return links;
  const visit = (graph: Graph): void => {
    for (const { node, graph: inner } of walkNodes(graph)) {
      const body = types.bodyOf(node);
      if (body === undefined || links.has(body)) continue;
      links.set(body, { graph: inner, node, inputs: body.inputs.map((input) => input.name) });
      visit(body);
    }
  };
  visit(model.graph);
  return links;
}
