// What a run on given inputs ought to take: time by the roofline, memory by the activation plan; worked out once per input shapes.
import { analyzeModel } from '../analysis/analyze';
import { type DeviceProfile, modelRoofline } from '../analysis/roofline';
import type { Model } from '../graph/model';
import { subgraphs } from '../graph/traverse';
import { knownDevice } from './deviceCache';
import { bindingsOf } from './data/inputs';
import type { Feeds } from './data/samples';

export interface RunEstimate {
  /** Undefined where costs are not known. */
  readonly milliseconds?: number;
  readonly activationBytes?: number;
}

/** Until this machine was measured: slower than any desktop of the last ten years on one thread. */
const cautiousDevice: DeviceProfile = { name: 'cautious', flopsPerSecond: 5e9, bytesPerSecond: 2e9, kernelMs: 0.02, measuredHere: false };
/** Analysing more nodes would delay the first run; the watch over the process covers them. */
const mostNodes = 5000;

export class RunEstimator {
  private readonly known = new Map<string, RunEstimate>();
  private readonly small: boolean;

  /** @param model its structure; the weights are not read */
  constructor(private readonly model: Model) {
    this.small = nodeCount(model) <= mostNodes;
  }

  /** For these inputs. Never throws: an analysis that fails knows nothing. */
  estimate(feeds: Feeds): RunEstimate {
    // Without inputs it is a constant folding, whose sizes the caller has weighed.
    if (!this.small || feeds.size === 0) return {};
    const bindings = bindingsOf(this.model, feeds);
    const key = JSON.stringify(bindings);
    const estimate = this.known.get(key) ?? analyze(this.model, bindings);
    this.known.set(key, estimate);
    return estimate;
  }
}

function analyze(model: Model, bindings: Readonly<Record<string, number>>): RunEstimate {
  try {
    const { layers, totals } = analyzeModel(model, { bindings });
    const measured = knownDevice();
    const milliseconds = modelRoofline(layers, measured === undefined ? cautiousDevice : { ...measured, measuredHere: true });
    return {
      ...(milliseconds === null ? {} : { milliseconds }),
      ...(totals.peakActivationBytes === null ? {} : { activationBytes: totals.peakActivationBytes }),
    };
  } catch {
    return {};
  }
}

function nodeCount({ graph }: Pick<Model, 'graph'>): number {
  let count = graph.nodes.length;
  for (const node of graph.nodes) for (const inner of subgraphs(node)) count += nodeCount(inner);
  return count;
}
