// Totals of a model from its layers: of the branches of an If only the costlier one counts, unless the condition is known.
import type { Graph } from '../graph/model';
import { subgraphs } from '../graph/traverse';
import type { LayerAnalysis, ModelTotals } from './analyze';
import type { TypeInference } from './infer';

/** What totals are made of. */
export type CostedLayer = Pick<LayerAnalysis, 'node' | 'graph' | 'parameters' | 'weightBytes' | 'macs' | 'flops' | 'bytesMoved' | 'unknownOperator'>;

type Sums = Pick<ModelTotals, 'macs' | 'flops' | 'bytesMoved'>;
const zero: Sums = { macs: 0, flops: 0, bytesMoved: 0 };

/** Parameters and bytes of all branches count (they are stored); arithmetic counts for one inference. */
export function modelTotals(layers: readonly CostedLayer[], types: TypeInference): Omit<ModelTotals, 'peakActivationBytes'> {
  const byGraph = new Map<Graph, Sums>();
  let parameters = 0;
  let weightBytes = 0;
  // Layers of a subgraph come after the node that holds it, so backwards they are summed before they are asked for.
  for (const layer of [...layers].reverse()) {
    parameters += layer.parameters;
    weightBytes += layer.weightBytes;
    const own = layer.unknownOperator ? zero : layer;
    const inner = layer.node.attributes.size === 0 ? zero : innerSums(layer, types, byGraph);
    const sums = byGraph.get(layer.graph) ?? zero;
    byGraph.set(layer.graph, add(add(sums, own, layer.macs === null && !layer.unknownOperator), inner, false));
  }
  const top = layers[0];
  return { nodes: layers.length, parameters, weightBytes, ...(top === undefined ? zero : (byGraph.get(top.graph) ?? zero)) };
}

/**
 * Where MACs are unknown, so is the sum. Operations and bytes that only depend on the data (boxes kept by a suppression,
 * say) are left out of theirs.
 */
function add(sums: Sums, part: Sums, unknown: boolean): Sums {
  if (unknown) return { macs: null, flops: null, bytesMoved: null };
  const plus = (a: number | null, b: number | null): number | null => (a === null ? null : a + (b ?? 0));
  return {
    macs: sums.macs === null || part.macs === null ? null : sums.macs + part.macs,
    flops: part.macs === null ? null : plus(sums.flops, part.flops),
    bytesMoved: part.macs === null ? null : plus(sums.bytesMoved, part.bytesMoved),
  };
}

function innerSums(layer: CostedLayer, types: TypeInference, byGraph: ReadonlyMap<Graph, Sums>): Sums {
  const inner = subgraphs(layer.node);
  if (inner.length === 0) return zero;
  const possible = layer.node.opType === 'If' ? inner.filter(({ graph }) => types.isPossible(graph)) : inner;
  const parts = possible.map(({ graph }) => byGraph.get(graph) ?? zero);
  if (layer.node.opType !== 'If') return parts.reduce((sums, part) => add(sums, part, false), zero);
  const condition = types.valuesOf(layer.graph, layer.node.inputs[0] ?? '')?.[0];
  if (typeof condition === 'number') {
    const taken = possible.findIndex(({ attribute }) => attribute === (condition === 0 ? 'else_branch' : 'then_branch'));
    return parts[taken] ?? zero;
  }
  const most = (pick: (sums: Sums) => number | null): number | null => parts.reduce<number | null>((largest, part) => {
    const value = pick(part);
    return largest === null || value === null ? null : Math.max(largest, value);
  }, 0);
  return { macs: most((sums) => sums.macs), flops: most((sums) => sums.flops), bytesMoved: most((sums) => sums.bytesMoved) };
}
