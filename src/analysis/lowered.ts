// What TensorFlow.js's own nodes cost: worked out on the ONNX model they are lowered to, and given back to the nodes it came from.
import { LatheError } from '../base/errors';
import { lowerAsFarAsPossible, type PartialLowering } from '../formats/tfjs/lower/lower';
import { makeGraph, makeModel } from '../graph/construct';
import type { Model, Node } from '../graph/model';
import type { NodeKey } from '../graph/traverse';
import type { LayerAnalysis, ModelAnalysis } from './analyze';
import type { NodeCost } from './cost';
import type { MemoryPlan } from './memory';

type Sums = Pick<LayerAnalysis, 'macs' | 'flops' | 'bytesMoved'>;
/** Costs of a native node; null where unknown. Its weights are its own, and its operator is known, if not what it costs. */
export type LoweredCost = Sums & Pick<NodeCost, 'unknownOperator' | 'inner'>;

/** What the lowered form tells of a native model. */
export interface LoweredAnalysis {
  costOf(key: NodeKey, node: Node): LoweredCost;
  /** Null as a whole where a node that an output needs is unknown. */
  readonly totals: Sums;
  readonly memory: MemoryPlan;
}

const cost = (macs: number | null, flops: number | null, bytesMoved: number | null): LoweredCost => ({ macs, flops, bytesMoved, unknownOperator: false, inner: noWeights });
const noWeights = { parameters: 0, weightBytes: 0 } as const;
const unknownCost = cost(null, null, null);
const nothing = cost(0, 0, 0);
const unknownMemory: MemoryPlan = { peakBytes: null, aliveBytes: [], reused: 0 };

/** Lowering takes some 0.1 ms a node, and a model is not opened before its costs are known: this many take 2 s. Public models have up to 2,000. */
const mostNodes = 20_000;

/** The model lowered as far as it can be at these sizes; not at all, with the reason, where it is too large for that. */
export function lowered(model: Model, bindings: ReadonlyMap<string, number>): PartialLowering {
  if (model.graph.nodes.length > mostNodes) return unknown(model, `it has over ${mostNodes} nodes`);
  try {
    return lowerAsFarAsPossible(model, bindings);
  } catch (thrown) {
    if (!(thrown instanceof LatheError) || thrown.code === 'internal') throw thrown;
    return unknown(model, thrown.message);
  }
}

function unknown({ graph }: Model, reason: string): PartialLowering {
  return { model: makeModel(makeGraph(graph.name)), types: new Map(), unknown: new Set(graph.nodes), complete: false, notLowered: [{ node: '', op: 'the model', reason }] };
}

/**
 * Gives costs back by origin: to a node those of all that it became. A node that became nothing (a reshape of constants, say) costs
 * nothing, nor does one that no output needs: neither runs.
 * @param analysis of the lowered model, at the same sizes
 */
export function attributed({ complete, unknown }: PartialLowering, analysis: ModelAnalysis): LoweredAnalysis {
  const { macs: allMacs, flops: allFlops, bytesMoved: allBytes } = analysis.totals;
  const sums = new Map<NodeKey, LoweredCost>();
  for (const { node, macs, flops, bytesMoved } of analysis.layers) {
    const [key] = node.origin;
    if (key === undefined) continue;
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? cost(macs, flops, bytesMoved) : cost(plus(sum.macs, macs), plus(sum.flops, flops), plus(sum.bytesMoved, bytesMoved)));
  }
  return {
    costOf: (key, node) => (unknown.has(node) ? unknownCost : (sums.get(key) ?? nothing)),
    totals: complete ? { macs: allMacs, flops: allFlops, bytesMoved: allBytes } : unknownCost,
    memory: complete ? { ...unknownMemory, peakBytes: analysis.memory.peakBytes } : unknownMemory,
  };
}

const plus = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);
