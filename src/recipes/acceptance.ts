// What a variant must show to be accepted, as a table by goal. Ratios are new / source.
import { formatMetric, formatShare, formatSpeed, threeDigits } from '../base/format';
import type { Benchmark, Comparison, MetricValue } from '../protocol/measurement';
import type { Goal } from '../protocol/report';
import { belowLimit } from './taskLimit';

/** What a comparison says of a variant's accuracy. */
export type Accuracy = Pick<Comparison, 'outputs' | 'metric' | 'task'>;

/** What was measured of a variant. */
export interface Measured {
  readonly benchmark: Benchmark;
  /** Bytes of the weights, variant / source. */
  readonly weightRatio: number;
  readonly comparison: Accuracy;
  readonly floor: number;
  readonly allowSlower: boolean;
  readonly uncalibrated: boolean;
  readonly allowUncalibrated: boolean;
}

/**
 * Of latency the interval's ends decide, never the point estimate. Accuracy is judged by the figure on all samples: its interval is reported, but
 * with few samples its end would refuse what loses nothing. Memory has no interval: each process gives one reading, and the confirmation reads it again in fresh ones.
 */
const limits = { smallerBy: 0.95, slowerAtMost: 1.05, simplifiedSlowerAtMost: 1.02 };

/** A reason to reject, or undefined. */
type Rule = (measured: Measured) => string | undefined;

const notSlower =
  (limit: number): Rule =>
  ({ benchmark, allowSlower }) => {
    const ratio = benchmark.latencyRatio;
    if (ratio === undefined) return 'its latency could not be measured';
    if (allowSlower) return undefined;
    if (benchmark.verdict === 'inconclusive') return inconclusive(benchmark);
    if (ratio.high <= limit) return undefined;
    // The interval may only be too wide: that is no proof of being slower, and no proof of not being it.
    return benchmark.verdict === 'slower' ? formatSpeed(ratio.value) : `not shown to be as fast: ${interval(ratio)} of the source's time, and at most ${threeDigits(limit)} is accepted`;
  };

function inconclusive({ reason }: Benchmark): string {
  return `inconclusive: ${reason ?? 'the machine was busy'}`;
}

const faster: Rule = ({ benchmark }) => {
  const ratio = benchmark.latencyRatio;
  if (ratio === undefined) return 'its latency could not be measured';
  if (benchmark.verdict === 'inconclusive') return inconclusive(benchmark);
  if (benchmark.verdict === 'faster') return undefined;
  return benchmark.verdict === 'slower' ? formatSpeed(ratio.value) : `no difference shown: ${interval(ratio)} of the source's time`;
};

const smaller: Rule = ({ weightRatio }) => (weightRatio <= limits.smallerBy ? undefined : `its weights take ${formatShare(weightRatio)} of the source's bytes; at most ${formatShare(limits.smallerBy)} is accepted`);

const lessMemory: Rule = ({ benchmark }) => {
  const before = benchmark.source.peakMemoryBytes;
  const after = benchmark.variant?.peakMemoryBytes;
  if (after === undefined || before <= 0) return 'its memory could not be measured';
  return after / before <= limits.smallerBy ? undefined : `its peak memory is ${formatShare(after / before)} of the source's; at most ${formatShare(limits.smallerBy)} is accepted`;
};

const byGoal: Readonly<Record<Goal, readonly Rule[]>> = {
  latency: [faster],
  size: [smaller, notSlower(limits.slowerAtMost)],
  memory: [lessMemory, notSlower(limits.slowerAtMost)],
  simplification: [notSlower(limits.simplifiedSlowerAtMost)],
};

/** Below the floor; what was not measured does not reach it. */
export function belowFloor(metric: MetricValue | undefined, floor: number): string | undefined {
  if (metric === undefined) return "nothing of its first output could be compared with the source's";
  if (metric.value >= floor) return undefined;
  const [value, least] = [formatMetric(metric.name, metric.value), formatMetric(metric.name, floor)];
  const samples = `${metric.samples} samples`;
  switch (metric.name) {
    case 'sqnr':
      return `its outputs differ too much: ${value} SQNR, and the floor is ${least}`;
    case 'agreement-equal':
      return `${value} of its values equal the source's (${samples}), and the floor is ${least}`;
    case 'agreement-sequence':
      return `it reads ${value} of its sequences as the source does (${samples}), and the floor is ${least}`;
    case 'agreement-top1':
    case 'top1':
    case 'exact-match':
      return `it agrees with the source on ${value} of ${samples}, and the floor is ${least}`;
    default:
      return metric.name satisfies never;
  }
}

/**
 * Why a variant's outputs cannot stand for the source's: by its task where a metric was chosen, else by agreement. Said apart from the rest, because
 * giving up layers can cure it. A floor of −∞ asks for nothing, of the task neither.
 */
export function inaccuracy({ outputs, metric, task }: Accuracy, floor: number): string | undefined {
  const spoiled = outputs.find((output) => output.problem !== undefined && output.inSource !== true);
  if (spoiled === undefined && task?.limit !== undefined) return floor === Number.NEGATIVE_INFINITY ? undefined : belowLimit(task);
  return spoiled === undefined ? belowFloor(metric, floor) : `its output ${spoiled.output} cannot stand for the source's: ${spoiled.problem ?? ''}`;
}

export const uncalibratedReason = 'quantized without real data (uncalibrated): its accuracy on real inputs is unknown, so it is not chosen unless you allow it';

/** Undefined when accepted, else one clause that says why not. */
export function rejection(goal: Goal, measured: Measured): string | undefined {
  const inaccurate = inaccuracy(measured.comparison, measured.floor);
  if (inaccurate !== undefined) return inaccurate;
  for (const rule of byGoal[goal]) {
    const reason = rule(measured);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/**
 * Least metric where the person names none: the same class for 99 in 100; 95 % of every sequence read alike, which on pictures
 * that the source reads with certainty is every word; noise at a hundredth of the signal's power.
 */
export const defaultFloors: Readonly<Record<MetricValue['name'], number>> = { 'agreement-top1': 0.99, 'agreement-sequence': 0.95, 'agreement-equal': 0.99, top1: 0.99, 'exact-match': 0.99, sqnr: 20 };

/** At most this is a share; SQNR this low would be noise as strong as the signal, which nobody means. */
const largestShare = 1;

/**
 * The floor of a metric. A number a person gives is a share of agreement up to 1 and decibels above; it holds for a metric of that unit, and
 * any other keeps its default: “0.999” must not pass a model at 1 dB. 0 and less say that there is no floor, in either unit.
 */
export function floorFor(metric: MetricValue['name'], wanted: number | undefined): number {
  if (wanted === undefined) return defaultFloors[metric];
  const inDecibels = metric === 'sqnr';
  return wanted <= 0 || inDecibels === wanted > largestShare ? wanted : defaultFloors[metric];
}

/** What the goal minimises; the accepted variant with the least wins. */
export function score(goal: Goal, measured: Measured): number {
  const latency = measured.benchmark.latencyRatio?.value ?? Number.POSITIVE_INFINITY;
  switch (goal) {
    case 'latency':
    case 'simplification':
      return latency;
    case 'size':
      return measured.weightRatio;
    case 'memory':
      return (measured.benchmark.variant?.peakMemoryBytes ?? Number.POSITIVE_INFINITY) / measured.benchmark.source.peakMemoryBytes;
    default:
      return goal satisfies never;
  }
}

/** `0.47–0.52`. */
function interval({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${threeDigits(low)}–${threeDigits(high)}`;
}
