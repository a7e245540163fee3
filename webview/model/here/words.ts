// What a benchmark in the page says: names of backends, figures of a row, and the sentences one must know to read them.
import type { PageBackend, PageBenchmark, PageMeasurement, PageRuntime } from '../../../src/protocol/pageBenchmark';
import { describeInterval, describeVerdict, type Tone } from '../../benchmark/figures';
import { formatMilliseconds, significant } from '../../common/format';

export const backendTitles = { webgl: 'WebGL', webgpu: 'WebGPU', wasm: 'WebAssembly', cpu: 'Plain JavaScript', onnx: 'onnxruntime-web' } as const satisfies Record<PageBackend, string>;

/** What runs the model by which backends: so the choices are grouped. */
export const choiceGroups: readonly { readonly title: string; readonly runtime: PageRuntime }[] = [
  { title: 'TensorFlow.js', runtime: 'tensorflow' },
  { title: 'Its ONNX twin', runtime: 'onnx' },
];

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
    latencyInterval: `${significant(row.medianMs.low, digits(row.medianMs.value))}–${significant(row.medianMs.high, digits(row.medianMs.value))}`,
    share: slowest > 0 ? row.medianMs.value / slowest : 0,
    ...changeOf(row, reference),
    firstRun: formatMilliseconds(row.firstMs),
    load: formatMilliseconds(row.loadMs),
    sqnr: typeof row.sqnrDb === 'number' ? `${significant(row.sqnrDb)} dB` : row.sqnrDb ?? '',
  }));
}

/** As many as the milliseconds themselves are given. */
function digits(milliseconds: number): number {
  return milliseconds >= 1 ? 3 : 2;
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
  return [...devices, ...reasons, ...(wasm ? [threads] : []), ...onnx, ...(noTwin === undefined ? [] : [`No ONNX twin was measured. ${noTwin}`])];
}

/** The outcome in a sentence, for who does not see the table. */
export function pageOutcome(benchmark: PageBenchmark): string {
  const figures = benchmark.measured.map(({ backend, medianMs }) => `${backendTitles[backend]} ${formatMilliseconds(medianMs.value)}`);
  return figures.length === 0 ? 'No backend could run the model.' : `Measured: ${figures.join(', ')}.`;
}
