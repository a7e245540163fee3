// The state of benchmarks in the page: which backends it has, what runs, what was measured last. It lives as long as the page, whatever is shown.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ErrorJson } from '../../../src/base/errors';
import type { PageBackend, PageBenchmark } from '../../../src/protocol/pageBenchmark';
import type { ModelSnapshot, ToModelView } from '../../../src/protocol/view';
import type { ModelHost } from '../modelHost';
import { BenchmarkRun, type RuntimeUris } from './benchmarkRun';

export interface PageResult {
  /** {@link measuredState} of what was measured: figures of another model, of other dimensions or of the file before it changed are not shown. */
  readonly of: string;
  readonly benchmark: PageBenchmark;
  readonly noTwin?: string;
}

export interface PageBenchmarkState {
  readonly backends: readonly PageBackend[];
  readonly running: { readonly message: string; readonly fraction?: number } | undefined;
  readonly error: ErrorJson | undefined;
  readonly result: PageResult | undefined;
}

export interface PageBenchmarks extends PageBenchmarkState {
  start(backends: readonly PageBackend[]): void;
  cancel(): void;
  /** Every message of the editor; those for a run are taken. */
  receive(message: ToModelView): void;
}

/** What figures hold for: the files as they are, at the chosen dimensions. */
export function measuredState({ summary, version }: Pick<ModelSnapshot, 'summary' | 'version'>): string {
  return JSON.stringify([summary.path, version, Object.entries(summary.bindings).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

export function usePageBenchmark(host: ModelHost, snapshot: ModelSnapshot | undefined, uris: RuntimeUris | undefined, kept: PageResult | undefined): PageBenchmarks {
  const run = useRef<BenchmarkRun | undefined>(undefined);
  const count = useRef(0);
  const [gpu, setGpu] = useState(false);
  const [running, setRunning] = useState<PageBenchmarkState['running']>(undefined);
  const [error, setError] = useState<ErrorJson | undefined>(undefined);
  const [result, setResult] = useState<PageResult | undefined>(kept);
  const of = useMemo(() => (snapshot === undefined ? undefined : measuredState(snapshot)), [snapshot]);
  const format = snapshot?.summary.format;
  useEffect(() => {
    void hasWebGpu().then(setGpu);
    return () => run.current?.end();
  }, []);
  const webgl = useMemo(() => format !== undefined && format !== 'onnx' && hasWebGl(), [format]);
  const backends = useMemo<readonly PageBackend[]>(() => (format === 'onnx' ? ['onnx'] : [...(webgl ? ['webgl' as const] : []), ...(gpu ? ['webgpu' as const] : []), 'wasm', 'cpu', 'onnx']), [format, gpu, webgl]);
  const over = (): void => {
    run.current = undefined;
    setRunning(undefined);
  };
  return {
    backends, running, error,
    result: result?.of === of ? result : undefined,
    start(chosen) {
      if (uris === undefined || of === undefined || chosen.length === 0) return;
      run.current?.end();
      setError(undefined);
      count.current += 1;
      run.current = new BenchmarkRun(count.current, chosen, uris, (message) => host.send(message), {
        progress: (message, fraction) => setRunning({ message, ...(fraction === undefined ? {} : { fraction }) }),
        done: (benchmark, noTwin) => {
          over();
          setResult({ of, benchmark, ...(noTwin === undefined ? {} : { noTwin }) });
        },
        failed: (failure) => {
          over();
          // Whoever does not trust the folder has been asked, and knows.
          if (failure.code !== 'cancelled') setError(failure);
        },
      });
    },
    cancel() {
      run.current?.end();
      over();
    },
    receive(message) {
      if ('run' in message) run.current?.receive(message);
    },
  };
}

/** The context is given back: a process has few, and the graph is drawn with one. */
function hasWebGl(): boolean {
  const context = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1).getContext('webgl2');
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}

/** An object `navigator.gpu` alone says nothing: there must be an adapter. */
async function hasWebGpu(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<object | null> } };
  try {
    return (await gpu?.requestAdapter()) != null;
  } catch {
    return false;
  }
}
