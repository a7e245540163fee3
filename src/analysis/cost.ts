// The cost of one node: its row's arithmetic, the bytes it moves, and what the body of a model-local function costs.
import { addDimensions, evaluateDimension, multiplyDimensions, productOf } from '../graph/dimension';
import type { Dimension } from '../graph/dimension';
import type { Graph, Model, Node } from '../graph/model';
import { subgraphs, walkNodes } from '../graph/traverse';
import { LatheError } from '../base/errors';
import type { TypeInference } from './infer';
import { valueBytes } from './summarize';
import { type CostedLayer, modelTotals } from './totals';
import type { WeightFinder, WeightUse } from './weights';

export interface NodeCost {
  readonly macs: Dimension;
  readonly flops: Dimension;
  readonly bytesMoved: Dimension;
  readonly unknownOperator: boolean;
  /** Weights inside the body of the function called. */
  readonly inner: { readonly parameters: number; readonly weightBytes: number };
}

export interface CostRequest {
  readonly model: Model;
  readonly types: TypeInference;
  readonly finder: WeightFinder;
  readonly graph: Graph;
  readonly node: Node;
  readonly folded: boolean;
  readonly uses: readonly WeightUse[];
  /** How often a subgraph's body runs; filled in as control nodes are met. */
  readonly trips: Map<Graph, number>;
  /** Stored tensors already counted. */
  readonly counted: Set<object>;
  readonly bindings: ReadonlyMap<string, number>;
}

const noWeights = { parameters: 0, weightBytes: 0 } as const;
const nothing: NodeCost = { macs: 0, flops: 0, bytesMoved: 0, unknownOperator: false, inner: noWeights };

/** Costs of a node for one inference; of a call, those of the function's body. */
export function nodeCost(request: CostRequest): NodeCost {
  const { types, graph, node, trips } = request;
  const times = trips.get(graph) ?? 1;
  const row = types.rowOf(graph, node);
  for (const inner of subgraphs(node)) trips.set(inner.graph, times * (tripCount(types, graph, node) ?? 1));
  const body = types.bodyOf(node);
  if (body !== undefined) return bodyCost(request, body, times);
  if (row === undefined) return { ...nothing, macs: undefined, flops: undefined, bytesMoved: undefined, unknownOperator: true };
  if (request.folded) return nothing;
  const context = types.contextOf(graph, node);
  if (context === undefined) return { ...nothing, macs: undefined, flops: undefined, bytesMoved: undefined };
  try {
    const cost = row.cost?.(context) ?? { macs: 0, flops: 0 };
    const moved = row.traits.view === true || row.traits.control === true ? 0 : bytesMoved(request);
    return times === 1
      ? { ...nothing, ...cost, bytesMoved: moved }
      : { ...nothing, macs: multiplyDimensions(cost.macs, times), flops: multiplyDimensions(cost.flops, times), bytesMoved: multiplyDimensions(moved, times) };
  } catch (thrown) {
    if (!(thrown instanceof LatheError) && !(thrown instanceof RangeError)) throw thrown;
    return { ...nothing, macs: undefined, flops: undefined, bytesMoved: undefined };
  }
}

/** Iterations of a Loop with a constant bound, or steps of a Scan; undefined where the data decides. */
function tripCount(types: TypeInference, graph: Graph, node: Node): number | undefined {
  if (node.domain !== '') return undefined;
  const context = types.contextOf(graph, node);
  if (node.opType === 'Loop' && context?.has(0) === true && (!context.has(1) || context.numbers(1)?.[0] === 1)) {
    const bound = context.values(0)?.[0];
    return typeof bound === 'number' && Number.isSafeInteger(bound) ? Math.max(0, bound) : undefined;
  }
  if (node.opType === 'Scan' && context !== undefined) {
    const shape = context.shape(context.inputCount - context.int('num_scan_inputs', 1));
    // Until opset 8 the first axis was the batch, each of whose sequences was scanned on its own.
    const steps = context.opset < 9 ? (shape === undefined ? undefined : productOf(shape.slice(0, 2))) : shape?.at(context.ints('scan_input_axes')?.[0] ?? 0);
    return typeof steps === 'number' ? steps : undefined;
  }
  return undefined;
}

/** Activations and weights in, activations out. A tensor read twice by a node is moved once. */
function bytesMoved({ types, finder, graph, node, uses }: CostRequest): Dimension {
  let sum: Dimension = uses.reduce((total, use) => total + use.bytes, 0);
  const seen: string[] = [];
  for (const name of node.inputs) {
    if (name === '' || seen.includes(name)) continue;
    seen.push(name);
    if (finder.storedIn(graph, name) === undefined) sum = addDimensions(sum, valueBytes(types.typeOf(graph, name)));
  }
  for (const name of node.outputs) if (name !== '') sum = addDimensions(sum, valueBytes(types.typeOf(graph, name)));
  return sum;
}

/** The body's totals, as those of a model: what the call costs is what its body would cost in its place. */
function bodyCost(request: CostRequest, body: Graph, times: number): NodeCost {
  const { finder, counted, bindings } = request;
  const known = (dimension: Dimension): number | null => evaluateDimension(dimension, bindings) ?? null;
  request.trips.set(body, times);
  const layers: CostedLayer[] = [];
  for (const { node, graph } of walkNodes(body)) {
    const folded = finder.isFolded(graph, node);
    const uses = folded ? [] : finder.usesOf(graph, node);
    let [parameters, weightBytes] = [0, 0];
    for (const use of uses) {
      if (counted.has(use.identity)) continue;
      counted.add(use.identity);
      parameters += use.parameters;
      weightBytes += use.bytes;
    }
    const { macs, flops, bytesMoved: moved, unknownOperator, inner } = nodeCost({ ...request, graph, node, folded, uses });
    layers.push({ node, graph, unknownOperator, macs: known(macs), flops: known(flops), bytesMoved: known(moved), parameters: parameters + inner.parameters, weightBytes: weightBytes + inner.weightBytes });
  }
  const { macs, flops, bytesMoved: moved, parameters, weightBytes } = modelTotals(layers, request.types);
  return { macs: macs ?? undefined, flops: flops ?? undefined, bytesMoved: moved ?? undefined, unknownOperator: false, inner: { parameters, weightBytes } };
}
