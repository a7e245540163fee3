// The messages between the engine and its runner child, over Node's IPC with structured clone (typed arrays travel as they are).
import type { ErrorJson } from '../base/errors';
import type { ExternalDataPolicy } from '../formats/onnx/externalData';
import type { ElementType } from '../tensor/elementType';

/** A tensor on the wire: packed little-endian bytes, or texts for `string`. */
export interface WireTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | readonly string[];
}

export type NamedTensors = readonly (readonly [string, WireTensor])[];

/** One input or output of a loaded session, as the runtime reports it; a dimension that is open is its symbol ('' where unnamed). */
export interface SessionValue {
  readonly name: string;
  /** Undefined for sequences, maps and optionals. */
  readonly elementType?: ElementType;
  readonly shape?: readonly (number | string)[];
}

export interface LoadRequest {
  /** `tensorflow` is the path of a model.json. */
  readonly model: { readonly path: string } | { readonly bytes: Uint8Array } | { readonly tensorflow: string; readonly externalData?: ExternalDataPolicy };
  /** onnxruntime's own session options, made by the engine; see sessionOptions.ts. TensorFlow.js has none. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface LoadResult {
  readonly session: number;
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly milliseconds: number;
}

/** Memory of the runner in bytes; `peak` is since the last `resetPeak`, or since the start where the system cannot reset it. */
export interface MemoryReading {
  readonly resident: number;
  readonly peak: number;
  /** Tensors that TensorFlow.js holds, where it was started. */
  readonly tensors?: number;
}

/** By what a model is run, where that is decided while it runs. */
export interface RuntimeUse {
  readonly runtime: string;
  readonly version: string;
  readonly backend: string;
  readonly threads: number;
  /** Why it is not the backend first tried. */
  readonly reason?: string;
}

/** Milliseconds per native node, medians over the counted runs. */
export interface KernelReading {
  readonly nodes: readonly (readonly [string, number])[];
  /** Of a whole run, while profiling. */
  readonly wholeMs: number;
  readonly runs: number;
}

/** Timed runs: wall-clock of each, CPU time (all threads) of all together. */
export interface Timings {
  readonly milliseconds: readonly number[];
  readonly cpuMs: number;
}

export interface RunnerMethods {
  /** Starts TensorFlow.js, so that neither a load's time nor its memory holds that of the runtime. */
  startTensorFlow: { params: Record<string, never>; result: null };
  load: { params: LoadRequest; result: LoadResult };
  /** Keeps feeds in the runner, so that timing does not pay for sending them. */
  prepare: { params: { readonly session: number; readonly feeds: NamedTensors }; result: { readonly feeds: number } };
  discard: { params: { readonly feeds: number }; result: null };
  run: {
    params: { readonly session: number; readonly feeds: NamedTensors | number; readonly outputs?: readonly string[] };
    result: { readonly outputs: NamedTensors; readonly milliseconds: number };
  };
  measure: {
    params: { readonly feeds: number; readonly warmup: number; readonly runs: number; /** Stop early after this long. */ readonly limitMs?: number };
    result: Timings;
  };
  /** Of runtimes that time their nodes themselves. */
  profile: { params: { readonly session: number; readonly feeds: number; readonly warmup: number; readonly runs: number }; result: KernelReading };
  /** Null where the session's options say it all. */
  use: { params: { readonly session: number }; result: RuntimeUse | null };
  endProfiling: { params: { readonly session: number }; result: null };
  release: { params: { readonly session: number }; result: null };
  memory: { params: { readonly resetPeak: boolean }; result: MemoryReading };
}

export type RunnerMethod = keyof RunnerMethods;

export type RunnerRequest = { readonly [M in RunnerMethod]: { readonly id: number; readonly method: M; readonly params: RunnerMethods[M]['params'] } }[RunnerMethod];

/** First message of a runner: its versions once the self-test passed, or why it cannot work. */
export interface RunnerHello {
  readonly kind: 'hello';
  readonly node: string;
  readonly onnxruntime: string;
  readonly providers: readonly string[];
  readonly problem?: string;
}

export type RunnerReply =
  | { readonly kind: 'result'; readonly id: number; readonly result: RunnerMethods[RunnerMethod]['result'] }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; /** Where the runner knows more than the runtime said. */ readonly error?: ErrorJson };

export type RunnerMessage = RunnerHello | RunnerReply;
