// One benchmark in the page: asks the editor for the models' bytes, loads what runs them, starts the worker that measures, and tells how it goes.
import type { ErrorJson } from '../../../src/base/errors';
import { type PageBackend, type PageBenchmark, type PageBenchmarkMessage, type PageModel, type PageRuntime, type PageRuntimeCode, runtimeOf, type StartPageBenchmark } from '../../../src/protocol/pageBenchmark';
import type { FromModelView, ToModelView } from '../../../src/protocol/view';

/** Where the page finds what runs models; loaded when first needed. */
export interface RuntimeUris {
  readonly benchmark: string;
  readonly runtimes: Readonly<Record<PageRuntime, { readonly script: string; readonly wasm: string }>>;
}

/** The addresses in the page's data attributes; undefined where there are none. */
export function runtimeUris({ benchmarkUri, tensorflowUri, tensorflowWasmUri, onnxUri, onnxWasmUri }: DOMStringMap): RuntimeUris | undefined {
  if (benchmarkUri === undefined || tensorflowUri === undefined || tensorflowWasmUri === undefined || onnxUri === undefined || onnxWasmUri === undefined) return undefined;
  return { benchmark: benchmarkUri, runtimes: { tensorflow: { script: tensorflowUri, wasm: tensorflowWasmUri }, onnx: { script: onnxUri, wasm: onnxWasmUri } } };
}

export interface RunEvents {
  readonly progress: (message: string, fraction?: number) => void;
  readonly done: (benchmark: PageBenchmark, noTwin: string | undefined) => void;
  readonly failed: (error: ErrorJson) => void;
}

/** What arrives for a run. */
export type PageModelMessage = Extract<ToModelView, { readonly run: number }>;

export class BenchmarkRun {
  private models: readonly (PageModel & { readonly buffers: readonly Uint8Array<ArrayBuffer>[] })[] = [];
  private noTwin: string | undefined;
  private arrived = 0;
  private expected = 0;
  private worker: Worker | undefined;
  private over = false;

  constructor(
    private readonly id: number,
    private readonly backends: readonly PageBackend[],
    private readonly uris: RuntimeUris,
    private readonly send: (message: FromModelView) => void,
    private readonly events: RunEvents,
  ) {
    events.progress('Reading the model');
    send({ type: 'pageModels', run: id });
  }

  receive(message: PageModelMessage): void {
    if (message.run !== this.id || this.over) return;
    switch (message.type) {
      case 'pageModels':
        this.noTwin = message.noTwin;
        this.expect(message.models);
        return;
      case 'pageBytes':
        this.models[message.model]?.buffers[message.file]?.set(message.bytes, message.offset);
        this.arrived += message.bytes.byteLength;
        this.events.progress('Reading the model', this.expected === 0 ? 1 : this.arrived / this.expected);
        if (this.arrived === this.expected) void this.begin();
        return;
      case 'pageFailed':
        this.end();
        this.events.failed(message.error);
        return;
      default:
        message satisfies never;
    }
  }

  /** Ends it, whatever it does: its workers end with the first. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.worker?.terminate();
    this.models = [];
    this.send({ type: 'pageEnded', run: this.id });
  }

  private expect(models: readonly PageModel[]): void {
    try {
      this.models = models.map((model) => ({ ...model, buffers: model.fileBytes.map((bytes) => new Uint8Array(bytes)) }));
    } catch {
      this.fail('too-large', 'There is not enough memory for this model in a page.');
      return;
    }
    this.expected = models.reduce((sum, { fileBytes }) => sum + fileBytes.reduce((bytes, each) => bytes + each, 0), 0);
    if (this.expected === 0) void this.begin();
  }

  private async begin(): Promise<void> {
    this.events.progress('Loading what runs it');
    try {
      const present = new Set(this.models.map(({ runtime }) => runtime));
      const backends = this.backends.filter((backend) => present.has(runtimeOf(backend)));
      const wanted = new Set(backends.map(runtimeOf));
      const [script, ...code] = await Promise.all([textOf(this.uris.benchmark), ...[...wanted].map(async (runtime) => [runtime, await this.codeOf(runtime)] as const)]);
      if (this.over) return;
      const models = this.models.filter(({ runtime }) => wanted.has(runtime)).map(({ runtime, inputs, buffers }) => ({ runtime, inputs, files: buffers.map(({ buffer }) => buffer) }));
      const start: StartPageBenchmark = { backends, models, code: Object.fromEntries(code) };
      const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
      const worker = new Worker(address);
      URL.revokeObjectURL(address);
      this.worker = worker;
      worker.addEventListener('message', (event: MessageEvent<PageBenchmarkMessage>) => this.told(event.data));
      worker.addEventListener('error', ({ message }) => this.fail('runtime', `The benchmark failed: ${message}`));
      worker.postMessage(start, [...models.flatMap(({ files }) => files), ...code.map(([, { wasm }]) => wasm)]);
    } catch (thrown) {
      this.fail('runtime', `What runs the model could not be loaded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  private async codeOf(runtime: PageRuntime): Promise<PageRuntimeCode> {
    const { script, wasm } = this.uris.runtimes[runtime];
    const [text, bytes] = await Promise.all([textOf(script), fetched(wasm).then(async (response) => await response.arrayBuffer())]);
    return { script: text, wasm: bytes };
  }

  private told(message: PageBenchmarkMessage): void {
    if (this.over) return;
    switch (message.type) {
      case 'progress':
        this.events.progress(message.message, message.fraction);
        return;
      case 'done':
        this.end();
        this.events.done(message.benchmark, this.noTwin);
        return;
      case 'failed':
        this.fail('runtime', message.message);
        return;
      default:
        message satisfies never;
    }
  }

  private fail(code: ErrorJson['code'], message: string): void {
    if (this.over) return;
    this.end();
    this.events.failed({ code, message });
  }
}

async function textOf(uri: string): Promise<string> {
  return await (await fetched(uri)).text();
}

async function fetched(uri: string): Promise<Response> {
  const response = await fetch(uri);
  if (!response.ok) throw new Error(`${response.status.toString()} for ${uri}`);
  return response;
}
