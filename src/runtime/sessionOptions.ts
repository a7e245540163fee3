// What a session may be asked for, and onnxruntime's own options made from it.
import type { Provider, RunSettings } from '../protocol/measurement';

export type OptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all';

export interface SessionOptions {
  readonly provider?: Provider;
  readonly threads?: number;
  readonly optimization?: OptimizationLevel;
  /** Writes a profile to `<prefix>_<timestamp>.json` when profiling ends. */
  readonly profilePrefix?: string;
  /** Writes the optimised model there; its kernels are those of this machine at levels `layout` and `all`. */
  readonly optimizedModelPath?: string;
  /** onnxruntime's session configuration entries, e.g. `session.disable_quant_qdq`: '1'. */
  readonly configuration?: Readonly<Record<string, string>>;
  /** Roofline estimate of one run, for the watchdog's budget. */
  readonly estimateMs?: number;
  /** Longest time for one run, instead of the runner's own. */
  readonly timeoutMs?: number;
  /** Bytes that activations will take, for the memory check before loading. */
  readonly activationBytes?: number;
}

/** One thread: steady on shared machines, and the same figure from run to run. Stated with every measurement. */
export const defaultThreads = 1;

export function defaultRunSettings(bindings: Readonly<Record<string, number>> = {}): RunSettings {
  return { provider: 'cpu', threads: defaultThreads, bindings };
}

/** Spinning threads steal time from whatever else runs, and from the other side of a comparison. */
const steady = { 'session.intra_op.allow_spinning': '0', 'session.inter_op.allow_spinning': '0' };

/** onnxruntime-node's InferenceSession.SessionOptions. */
export function runtimeOptions(options: SessionOptions): Record<string, unknown> {
  return {
    executionProviders: [options.provider ?? 'cpu'],
    graphOptimizationLevel: options.optimization ?? 'all',
    intraOpNumThreads: options.threads ?? defaultThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
    extra: nested({ ...steady, ...options.configuration }),
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    ...(options.optimizedModelPath === undefined ? {} : { optimizedModelFilePath: options.optimizedModelPath }),
  };
}

type Nested = Map<string, string | Nested>;

/** `{ 'a.b.c': 'v' }` as the nested objects the binding takes: `{ a: { b: { c: 'v' } } }`. */
function nested(entries: Readonly<Record<string, string>>): unknown {
  const root: Nested = new Map();
  for (const [key, value] of Object.entries(entries)) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    let scope = root;
    for (const part of parts) {
      const known = scope.get(part);
      const inner: Nested = known instanceof Map ? known : new Map<string, string | Nested>();
      scope.set(part, inner);
      scope = inner;
    }
    scope.set(last, value);
  }
  return plain(root);
}

function plain(value: string | Nested): unknown {
  return typeof value === 'string' ? value : Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
}
