// The two charts: how latencies are distributed, and size against latency of everything tried.
import type { VNode } from 'preact';
import type { Benchmark } from '../../src/protocol/measurement';
import type { OptimizationReport } from '../../src/protocol/report';
import { formatBytes, formatMilliseconds, significant } from '../common/format';
import { visible } from '../common/visible';
import { ChartCanvas, pointLabels, type ChartInk } from './chart';
import { density, sharedRange } from './density';
import { everythingTried, frontier, type Tried } from './figures';

export function LatencyDistribution({ benchmark, name }: { readonly benchmark: Benchmark; readonly name: string }): VNode | null {
  const { source, variant } = benchmark;
  const series = [
    ...(variant === undefined ? [] : [{ title: name, samples: variant.samplesMs, own: true, median: variant.medianMs.value }]),
    { title: 'source', samples: source.samplesMs, own: false, median: source.medianMs.value },
  ].filter(({ samples }) => samples.length >= 5);
  if (series.length === 0) return null;
  const range = sharedRange(series.map(({ samples }) => samples));
  const curves = series.map((one) => {
    const { x, y } = density(one.samples, range);
    const top = y.reduce((most, value) => Math.max(most, value), 0);
    // Each curve to its own height: the narrower one would else flatten the other.
    return { ...one, points: x.map((at, index) => ({ x: at, y: (y[index] ?? 0) / (top === 0 ? 1 : top) })), peak: y.indexOf(top) };
  });
  return (
    <section aria-label="Latency distribution">
      <h2>Latency distribution</h2>
      <ChartCanvas
        height={128} version={benchmark} label={`Distribution of latencies: ${curves.map(({ title, median }) => `${title} around ${formatMilliseconds(median)}`).join(', ')}`}
        configure={(ink) => ({
          type: 'line',
          data: {
            datasets: curves.map(({ points, own }) => ({
              data: points, borderColor: own ? ink.variant : ink.source, backgroundColor: own ? ink.variantFill : ink.sourceFill,
              borderWidth: 1.25, borderDash: own ? [] : [4, 3], pointRadius: 0, fill: 'origin' as const, tension: 0.2,
            })),
          },
          options: {
            ...still, layout: { padding: { top: 16 } },
            scales: {
              x: { type: 'linear', min: range[0], max: range[1], grid: { display: false }, border: { color: ink.grid }, ticks: { color: ink.muted, font: ink.font, maxRotation: 0, autoSkipPadding: 24, maxTicksLimit: 6, callback: (value) => formatMilliseconds(Number(value)) } },
              y: { type: 'linear', display: false, min: 0, max: 1.02 },
            },
          },
          plugins: [pointLabels(curves.map(({ title, peak }, dataset) => ({ dataset, index: peak, text: title })), ink, true)],
        })}
      />
    </section>
  );
}

const still = {
  animation: false as const, responsive: true, maintainAspectRatio: false, events: [] as [], parsing: false as const, normalized: true,
};

export function SizeAndLatency({ report }: { readonly report: OptimizationReport }): VNode | null {
  const points = everythingTried(report);
  if (points.length < 2) return null;
  const best = frontier(points);
  return (
    <section aria-label="Size and latency of everything tried">
      <h2>Size and latency of everything tried</h2>
      <ChartCanvas
        height={190} version={report} label={`Size and latency: ${points.map(({ name, bytes, milliseconds, kind }) => `${name} ${formatBytes(bytes)}, ${formatMilliseconds(milliseconds)}${kind === 'source' ? '' : `, ${kind}`}`).join('; ')}`}
        configure={(ink) => scatter(points, best, ink)}
      />
      <p class="muted small">● accepted · ○ source and not chosen · ✗ rejected. Latency as measured ratio × the source’s; the dashed line joins what nothing else beats.</p>
    </section>
  );
}

function scatter(points: readonly Tried[], best: readonly Tried[], ink: ChartInk): Parameters<typeof ChartCanvas>[0]['configure'] extends (ink: ChartInk) => infer Configuration ? Configuration : never {
  const accepted = ({ kind }: Tried): boolean => kind === 'accepted';
  const failed = ({ kind }: Tried): boolean => kind === 'rejected' || kind === 'failed';
  const axis = (format: (value: number) => string, title: string): object => ({
    type: 'linear', beginAtZero: true, grace: '8%', grid: { color: ink.grid, drawTicks: false, lineWidth: 0.5 }, border: { color: ink.grid },
    title: { display: false, text: title }, ticks: { color: ink.muted, font: ink.font, maxTicksLimit: 5, padding: 4, maxRotation: 0, callback: (value: number | string) => format(Number(value)) },
  });
  return {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: points.map(({ bytes, milliseconds }) => ({ x: bytes, y: milliseconds })),
          pointRadius: 4.5, pointBorderWidth: 1.5,
          pointStyle: points.map((point) => (failed(point) ? 'crossRot' : 'circle')),
          pointBorderColor: points.map((point) => (accepted(point) ? ink.variant : ink.muted)),
          pointBackgroundColor: points.map((point) => (accepted(point) ? ink.variant : 'transparent')),
        },
        { data: best.map(({ bytes, milliseconds }) => ({ x: bytes, y: milliseconds })), showLine: true, pointRadius: 0, borderColor: ink.variant, borderWidth: 1, borderDash: [3, 3] },
      ],
    },
    options: { ...still, layout: { padding: { top: 8, right: 10 } }, scales: { x: axis((value) => value === 0 ? '0' : formatBytes(value), 'size'), y: axis((value) => value === 0 ? '0' : `${significant(value, 2)} ms`, 'latency') } },
    plugins: [pointLabels(points.map(({ name }, index) => ({ dataset: 0, index, text: visible(name) })), ink)],
  };
}
