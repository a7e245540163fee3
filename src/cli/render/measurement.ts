// `lathe bench`, `compare` and `profile` for a person.
import { visible } from '../../base/visible';
import { formatBytes, formatMetric, formatMilliseconds, formatShare, formatSpeed } from '../../base/format';
import type { Benchmark, Comparison, Estimate, MetricValue, Profile, RunSettings, VariantMeasurement } from '../../protocol/measurement';
import type { DecoderBenchmark } from '../../runtime/decoder';
import { tableLines } from '../terminal';

/** @param variantName what the variant is called where it was measured before it became a file */
export function benchmarkLines(benchmark: Benchmark, variantName?: string): string[] {
  const measured = [benchmark.source, ...(benchmark.variant === undefined ? [] : [benchmark.variant])];
  const rows: [string, (m: VariantMeasurement) => string][] = [
    ['latency, median', (m) => latency(m.medianMs)],
    ['latency, p95', (m) => formatMilliseconds(m.p95Ms)],
    ['latency, p99', (m) => formatMilliseconds(m.p99Ms)],
    ['CPU time per run', (m) => formatMilliseconds(m.cpuMs)],
    ['load', (m) => formatMilliseconds(m.loadMs)],
    ['peak memory', (m) => formatBytes(m.peakMemoryBytes)],
    ['file', (m) => formatBytes(m.fileBytes)],
  ];
  const table = tableLines(
    [{ title: '', align: 'left' }, ...measured.map((m) => ({ title: visible(m.path || (variantName ?? '')), align: 'right' as const, width: 48 }))],
    rows.map(([title, cell]) => [title, ...measured.map(cell)]),
  );
  const runtimes = new Set(measured.flatMap(({ runtime }) => (runtime === undefined ? [] : [visible(runtime)])));
  return [...table, '', ...verdictLines(benchmark), ...(runtimes.size === 0 ? [] : [`run by ${[...runtimes].join(' against ')}`]), settingsLine(benchmark.settings, `${benchmark.rounds} rounds`)];
}

/** A decoder's phases, each with its tokens per second. */
export function decoderLines({ promptTokens, prefill, decode }: DecoderBenchmark): string[] {
  const phase = (title: string, tokens: number, measured: Benchmark): string[] => {
    const sides = [measured.source, ...(measured.variant === undefined ? [] : [measured.variant])];
    const rates = sides.map(({ medianMs }) => `${((1000 * tokens) / medianMs.value).toPrecision(3)} tokens/s`);
    return [`${title}: ${rates.join(' against ')}`, '', ...benchmarkLines(measured)];
  };
  return [...phase(`Prefill, a prompt of ${promptTokens} tokens`, promptTokens, prefill), '', ...phase(`Decode, one token after ${promptTokens} in the cache`, 1, decode)];
}

/** The benchmark's one-sentence answer. */
export function verdictLines(benchmark: Benchmark): string[] {
  const { latencyRatio: ratio, verdict } = benchmark;
  if (ratio === undefined || verdict === undefined) return [];
  const figures = `latency ratio new / source ${ratio.value.toFixed(3)}, 95 % interval ${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)}`;
  switch (verdict) {
    case 'faster':
    case 'slower':
      return [`${formatSpeed(ratio.value)}, measured here (${figures})`];
    case 'no-difference':
      return [`no difference shown (${figures})`];
    case 'inconclusive':
      return [`inconclusive: ${benchmark.reason ?? 'the machine was busy'} (${figures})`];
    default:
      return verdict satisfies never;
  }
}

/** `75.2 µs (74.0 µs–76.1 µs)`: each end in a unit of its own, as an interval may cross from one into the next. */
function latency({ value, low, high }: Estimate): string {
  return `${formatMilliseconds(value)} (${formatMilliseconds(low)}–${formatMilliseconds(high)})`;
}

export function settingsLine(settings: RunSettings, extra: string): string {
  const bound = Object.entries(settings.bindings).map(([name, value]) => `${visible(name)}=${value}`);
  return `measured here: ${settings.provider}, ${settings.threads} ${settings.threads === 1 ? 'thread' : 'threads'}${bound.length > 0 ? `, ${bound.join(', ')}` : ''}, ${extra}`;
}

export function comparisonLines(comparison: Comparison): string[] {
  const rows = comparison.outputs.map((output) => [
    output.output,
    output.problem ?? (output.bitEqual ? 'bit-equal' : ''),
    output.maxAbs === null ? '–' : output.maxAbs.toPrecision(3),
    output.sqnrDb === null ? '–' : `${output.sqnrDb.toFixed(1)} dB`,
    output.cosine === null ? '–' : output.cosine.toFixed(6),
  ]);
  const { data, metric } = comparison;
  return [
    ...tableLines(
      [
        { title: 'output', align: 'left', width: 48 },
        { title: '', align: 'left' },
        { title: 'max abs', align: 'right' },
        { title: 'SQNR', align: 'right' },
        { title: 'cosine', align: 'right' },
      ],
      rows,
    ),
    ...(metric === undefined ? [] : [metricLine(metric)]),
    ...(comparison.runtimes === undefined ? [] : [comparison.runtimes.map(visible).join(' against ')]),
    data.kind === 'seeded' ? `on ${data.samples} samples of seeded random numbers (seed ${data.seed ?? 0}); give --data for real ones` : `on ${data.samples} samples of ${visible(data.path ?? data.kind)}`,
  ];
}

export function metricLine({ name, value, low, high, samples }: MetricValue): string {
  const [shown, from, to] = [value, low, high].map((figure) => formatMetric(name, figure));
  return `${name} ${shown} (${from}–${to}, ${samples} ${samples === 1 ? 'sample' : 'samples'})`;
}

export function profileLines(profile: Profile, count: number): string[] {
  const costs = Object.entries(profile.milliseconds).sort((a, b) => b[1] - a[1]);
  const rows = costs.slice(0, count).map(([layer, ms]) => [layer, formatMilliseconds(ms), formatShare(ms / profile.totalMs)]);
  const fused = Object.keys(profile.fusedInto).length;
  return [
    `${latency(profile.latencyMs)} per run, ${formatMilliseconds(profile.totalMs)} in kernels while profiling`,
    '',
    ...tableLines(
      [
        { title: 'layer', align: 'left', width: 64 },
        { title: 'time', align: 'right' },
        { title: 'share', align: 'right' },
      ],
      rows,
    ),
    ...(costs.length > count ? [`… and ${costs.length - count} more kernels`] : []),
    ...profile.added.map((kernel) => `added by the runtime: ${kernel.count} × ${kernel.op}, ${formatMilliseconds(kernel.milliseconds)}`),
    ...(fused > 0 ? [`${fused} nodes run inside the kernel of another`] : []),
    ...(profile.runtime === undefined ? [] : [`run by ${visible(profile.runtime)}`]),
    settingsLine(profile.settings, `${profile.runs} runs`),
  ];
}
