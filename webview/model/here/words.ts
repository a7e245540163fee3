// What a benchmark in the page says: names of backends, figures of a row, and the sentences one must know to read them.
import type { ModelSummary } from '../../../src/protocol/analysis';
import type { PageBackend, PageBenchmark, PageMeasurement } from '../../../src/protocol/pageBenchmark';
import { describeInterval, describeVerdict, type Tone } from '../../benchmark/figures';
import { formatMilliseconds, significant } from '../../common/format';

export const backendTitles = { webgl: 'WebGL', webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'Plain JavaScript', onnx: 'onnxruntime-web' } as const satisfies Record<PageBackend, string>;

/** By what a backend is run, and what: said where it is chosen. */
export function backendNote(backend: PageBackend, format: ModelSummary['format']): string {
  if (backend !== 'onnx') return backend === 'cpu' ? 'TensorFlow.js, slow' : 'TensorFlow.js';
  return format === 'onnx' ? 'WebAssembly' : 'the model’s ONNX twin, WebAssembly';
}

export interface PageRow {
  readonly backend: PageBackend;
  readonly name: string;
  readonly runtime: string;
  readonly latency: string;
  readonly latencyInterval: string;
  /** Latency as a share of the slowest row's. */
  readonly share: number;
  readonly change: string;
  readonly changeInterval: string;
  readonly tone: Tone;
  readonly firstRun: string;
  readonly load: string;
  readonly sqnr: string;
}

export function pageRows({ measured, reference }: PageBenchmark): PageRow[] {
  const slowest = measured.reduce((most, { medianMs }) => Math.max(most, medianMs.value), 0);
  return measured.map((row) => ({
    backend: row.backend,
    name: backendTitles[row.backend],
    runtime: row.runtime,
    latency: formatMilliseconds(row.medianMs.value),
    latencyInterval: `${significant(row.medianMs.low)}–${significant(row.medianMs.high)}`,
    share: slowest > 0 ? row.medianMs.value / slowest : 0,
    ...changeOf(row, reference),
    firstRun: formatMilliseconds(row.firstMs),
    load: formatMilliseconds(row.loadMs),
    sqnr: row.sqnrDb === undefined ? '' : row.sqnrDb === Infinity ? 'equal' : Number.isFinite(row.sqnrDb) ? `${significant(row.sqnrDb)} dB` : 'differ',
  }));
}

function changeOf({ backend, verdict, ratio }: PageMeasurement, reference: PageBackend | undefined): Pick<PageRow, 'change' | 'changeInterval' | 'tone'> {
  if (backend === reference || ratio === undefined || verdict === undefined) return { change: '', changeInterval: '', tone: 'none' };
  const takesSide = verdict === 'faster' || verdict === 'slower';
  return {
    change: describeVerdict({ verdict, latencyRatio: ratio }),
    changeInterval: describeInterval(ratio, takesSide),
    tone: verdict === 'faster' ? 'better' : verdict === 'slower' ? 'worse' : 'none',
  };
}

/** What one must know to read the figures: devices that are none, why a verdict is missing, why there is one thread. */
export function pageNotes(benchmark: PageBenchmark, isolated: boolean, noTwin: string | undefined): string[] {
  const devices = benchmark.measured.flatMap(({ backend, device, software }) =>
    device === undefined ? [] : [software === true ? `${backendTitles[backend]} has no graphics card here: ${device} does its work on the processor. On a graphics card it is another figure altogether.` : `${backendTitles[backend]} runs on ${device}.`],
  );
  const whose = new Map<string, string[]>();
  for (const { backend, verdict, reason } of benchmark.measured) if (verdict === 'inconclusive' && reason !== undefined) whose.set(reason, [...(whose.get(reason) ?? []), backendTitles[backend]]);
  const reasons = [...whose].map(([reason, names]) => `Inconclusive for ${names.join(', ')}: ${reason}.`);
  const wasm = benchmark.measured.some(({ backend }) => backend === 'wasm' || backend === 'onnx');
  const threads = isolated
    ? 'WebAssembly runs on one thread.'
    : 'WebAssembly runs on one thread: its threads need shared memory, which a page has only when it is cross-origin isolated, and VS Code’s are not. A site of yours that sends COOP and COEP headers can be faster.';
  const onnx = benchmark.measured.some(({ backend }) => backend === 'onnx') ? ['onnxruntime-web’s own WebGPU backend is not measured: it does not come with the extension.'] : [];
  return [...devices, ...reasons, ...(wasm ? [threads] : []), ...onnx, ...(noTwin === undefined ? [] : [`There is no ONNX twin: ${noTwin}`])];
}

/** The outcome in a sentence, for who does not see the table. */
export function pageOutcome(benchmark: PageBenchmark): string {
  const figures = benchmark.measured.map(({ backend, medianMs }) => `${backendTitles[backend]} ${formatMilliseconds(medianMs.value)}`);
  return figures.length === 0 ? 'No backend could run the model.' : `Measured: ${figures.join(', ')}.`;
}
