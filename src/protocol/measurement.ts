// Everything measured: latency, profiles, output comparisons, benchmarks. Times in milliseconds, memory in bytes.
import type { DataKind, DataSplit } from './data';
import type { TaskComparison } from './taskMetrics';

export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'coreml' | 'dml';

/** How a model is run; stated with every figure. */
export interface RunSettings {
  readonly provider: Provider;
  readonly threads: number;
  /** Values of the input dimensions that the model leaves open. */
  readonly bindings: Readonly<Record<string, number>>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly node: string;
  readonly onnxruntime: string;
}

/** A point estimate with its 95 % bootstrap interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface VariantMeasurement {
  readonly path: string;
  /** By what it was run, e.g. `onnxruntime 1.30.0 cpu, 1 thread`; absent in reports of earlier versions. */
  readonly runtime?: string;
  readonly fileBytes: number;
  readonly medianMs: Estimate;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** CPU time per run, all threads. */
  readonly cpuMs: number;
  readonly loadMs: number;
  /** Peak resident set of the runner less its resident set before the model was loaded. */
  readonly peakMemoryBytes: number;
  /** Latency of each counted round, in the order run (evenly thinned to at most 500). */
  readonly samplesMs: readonly number[];
}

export type Verdict = 'faster' | 'slower' | 'no-difference' | 'inconclusive';

/** Interleaved rounds of a source and, where given, a variant. `latencyRatio` is variant / source. */
export interface Benchmark {
  readonly source: VariantMeasurement;
  readonly variant?: VariantMeasurement;
  readonly latencyRatio?: Estimate;
  readonly verdict?: Verdict;
  /** Why a verdict is `inconclusive`. */
  readonly reason?: string;
  readonly rounds: number;
  readonly settings: RunSettings;
  /** Largest relative change of the sentinel kernel's time between the benchmark's quarters. */
  readonly drift: number;
  readonly machine: Machine;
  /** ISO 8601. */
  readonly measuredAt: string;
}

/** One output of two models on the same inputs. */
export interface OutputComparison {
  readonly output: string;
  readonly bitEqual: boolean;
  /** Null when shapes or types differ. */
  readonly maxAbs: number | null;
  /** 10·log10(Σ reference² / Σ (reference − other)²); null when bit-equal or undefined. */
  readonly sqnrDb: number | null;
  readonly cosine: number | null;
  /** Said when the outputs cannot be compared, or hold NaN. */
  readonly problem?: string;
  /** The problem is one of the source's own outputs, which no variant can be blamed for. */
  readonly inSource?: true;
}

/**
 * A task metric with its 95 % interval over the samples. Higher is better. `agreement-top1`: share of answers with the same class;
 * `agreement-sequence`: mean share of a sequence read alike (1 − edit distance / length); `agreement-equal`: mean share of equal
 * elements, for outputs of integers, booleans and texts.
 */
export interface MetricValue {
  readonly name: 'agreement-top1' | 'agreement-sequence' | 'agreement-equal' | 'sqnr' | 'top1' | 'exact-match';
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export interface Comparison {
  /** By what source and variant were run, where that differs. */
  readonly runtimes?: readonly [string, string];
  readonly outputs: readonly OutputComparison[];
  readonly metric?: MetricValue;
  /** How well both do their task, where the data have labels and a metric was chosen. */
  readonly task?: TaskComparison;
  /** What the inputs were: a data set, or seeded random numbers. */
  readonly data: DataDescription;
}

/** Order of the colour channels of pictures; PaddleOCR and OpenCV models take `bgr`. */
export const pictureOrders = ['rgb', 'bgr'] as const;
/**
 * How pixel values 0–255 become numbers: 0…1, −1…1, ImageNet's mean and deviation, or as they are.
 * `auto`: as they are for integer inputs, −1…1 for float ones.
 */
export const pixelScales = ['auto', 'unit', 'signed', 'imagenet', 'raw'] as const;

export type PictureOrder = (typeof pictureOrders)[number];
export type PixelScale = (typeof pixelScales)[number];

/** How a folder of pictures is fed. */
export interface PictureOptions {
  readonly order: PictureOrder;
  readonly scale: PixelScale;
}

export interface DataDescription {
  readonly kind: DataKind;
  readonly path?: string;
  readonly samples: number;
  readonly seed?: number;
  /** How the data were made into inputs, e.g. `RGB, value/255, NCHW, resized to 48×free`. */
  readonly note?: string;
  /** Samples left out because they could not be read. */
  readonly skipped?: number;
  /** Classes the labels name, where they name classes. */
  readonly classes?: number;
  /** Which part of a set that was split. */
  readonly split?: DataSplit;
}

/** What a node was measured at; its key is a name out of the model, `constructor` perhaps, so only the record's own keys count. */
export function measuredMilliseconds(profile: Profile | undefined, key: string): number | undefined {
  return profile !== undefined && Object.hasOwn(profile.milliseconds, key) ? profile.milliseconds[key] : undefined;
}

/** Measured milliseconds per node of the source model (median over runs). */
export interface Profile {
  readonly settings: RunSettings;
  /** By what it was run, where that is not onnxruntime. */
  readonly runtime?: string;
  readonly runs: number;
  /** Node key → milliseconds of the kernel that ran it. Nodes fused into another are absent here. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** Node key → key of the node whose kernel it was fused into. */
  readonly fusedInto: Readonly<Record<string, string>>;
  /** Kernels the runtime added (layout reorders, casts, quantise/dequantise), by operator. */
  readonly added: readonly { readonly op: string; readonly milliseconds: number; readonly count: number }[];
  readonly totalMs: number;
  /** Whole-model latency measured without profiling, same process. */
  readonly latencyMs: Estimate;
  readonly machine: Machine;
  readonly measuredAt: string;
}
