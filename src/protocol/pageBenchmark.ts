// A benchmark in a web page: the models handed to it, what is measured there, and the messages between the page and its worker.
import type { Estimate, Verdict } from './measurement';

/** By what a page runs a model: TensorFlow.js's backends, and onnxruntime-web, which runs the ONNX twin of a TensorFlow.js model. In the order they are listed. */
export const pageBackends = ['webgl', 'webgpu', 'wasm', 'cpu', 'onnx'] as const;
export type PageBackend = (typeof pageBackends)[number];

export type PageRuntime = 'tensorflow' | 'onnx';

export function runtimeOf(backend: PageBackend): PageRuntime {
  return backend === 'onnx' ? 'onnx' : 'tensorflow';
}

/** One input; texts where the element type is `string`. */
export interface PageTensor {
  readonly name: string;
  /** Element type. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array | readonly string[];
}

/** What a page needs to know of a model before its bytes arrive. */
export interface PageModel {
  readonly runtime: PageRuntime;
  /** Bytes of each file: model.json and its shards in the manifest's order, or the one ONNX file. */
  readonly fileBytes: readonly number[];
  readonly inputs: readonly PageTensor[];
}

/** The same with where the bytes are; between engine and extension. */
export interface PageModelSource extends PageModel {
  readonly files: readonly (string | Uint8Array)[];
}

/** The answer of the engine: a model, of a TensorFlow.js model also its ONNX twin, or why there is none. */
export interface PageModelSources {
  readonly models: readonly PageModelSource[];
  readonly noTwin?: string;
}

/** A page's memory is one heap that the tab shares: larger models are refused. */
export const mostPageModelBytes = 1e9;

/** What was measured of one backend. Times in milliseconds. */
export interface PageMeasurement {
  readonly backend: PageBackend;
  /** `tfjs 4.22.0 webgl`. */
  readonly runtime: string;
  /** What the graphics interface says it draws with, of backends that use one. */
  readonly device?: string;
  /** The device is no graphics card: the processor does its work. */
  readonly software?: boolean;
  /** Starting the runtime and reading the model, whose bytes are in memory. */
  readonly loadMs: number;
  /** The first run, which compiles what is compiled only then. */
  readonly firstMs: number;
  readonly medianMs: Estimate;
  /** Of each round, in the order run. */
  readonly samplesMs: readonly number[];
  /** Latency relative to the reference's, this / reference, with what it shows; absent of the reference itself. */
  readonly ratio?: Estimate;
  readonly verdict?: Verdict;
  /** Why the verdict is `inconclusive`. */
  readonly reason?: string;
  /** SQNR of the output that differs most from the reference's, in decibels; absent where nothing could be compared. `NaN`: where one has a number, the other has none. */
  readonly sqnrDb?: number | 'equal' | 'NaN';
}

export interface PageFailure {
  readonly backend: PageBackend;
  /** A sentence. */
  readonly problem: string;
}

export interface PageBenchmark {
  /** In the order of {@link pageBackends}; those that ran. */
  readonly measured: readonly PageMeasurement[];
  readonly failed: readonly PageFailure[];
  /** Whom the ratios are relative to. */
  readonly reference?: PageBackend;
  readonly rounds: number;
  /** Largest relative change of a fixed kernel's time between the benchmark's quarters. */
  readonly drift: number;
  /** ISO 8601. */
  readonly measuredAt: string;
}

/** A model whose bytes have arrived. */
export interface LoadedPageModel {
  readonly runtime: PageRuntime;
  readonly files: readonly ArrayBuffer[];
  readonly inputs: readonly PageTensor[];
}

/** A runtime as a page has it: the script of its worker, and the .wasm file it starts. */
export interface PageRuntimeCode {
  readonly script: string;
  readonly wasm: ArrayBuffer;
}

/** To the worker that runs the benchmark; once. */
export interface StartPageBenchmark {
  readonly backends: readonly PageBackend[];
  readonly models: readonly LoadedPageModel[];
  readonly code: Readonly<Partial<Record<PageRuntime, PageRuntimeCode>>>;
}

/** From it. */
export type PageBenchmarkMessage =
  | { readonly type: 'progress'; readonly message: string; readonly fraction?: number }
  | { readonly type: 'done'; readonly benchmark: PageBenchmark }
  | { readonly type: 'failed'; readonly message: string };
