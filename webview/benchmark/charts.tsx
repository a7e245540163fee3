// The two charts: how latencies are distributed, and size against latency of everything tried.
import type { VNode } from 'preact';
import type { Benchmark } from '../../src/protocol/measurement';
import type { OptimizationReport } from '../../src/protocol/report';
import { formatBytes, formatMilliseconds, significant } from '../common/format';
import { visible } from '../common/visible';
import { ChartCanvas, pointLabels, type ChartInk } from './chart';
import { density, sharedRange } from './density';
import { accuracyMetric, everythingTried, formatAccuracy, frontier, lossAndLatency, metricTitles, sizeAndLatency, type Tried } from './figures';

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
  const best = frontier(points, sizeAndLatency);
  return (
    <section aria-label="Size and latency of everything tried">
      <h2>Size and latency of everything tried</h2>
      <ChartCanvas
        height={190} version={report} label={`Size and latency: ${points.map(({ name, bytes, milliseconds, kind }) => `${name} ${formatBytes(bytes)}, ${formatMilliseconds(milliseconds)}${kind === 'source' ? '' : `, ${kind}`}`).join('; ')}`}
        configure={(ink) => scatter({ points, best, ink, x: ({ bytes }) => bytes, y: ({ milliseconds }) => milliseconds, axes: { x: sizeAxis(ink), y: latencyAxis(ink) } })}
      />
      <p class="muted small">● accepted · ○ source and not chosen · ✗ rejected. Latency as measured ratio × the source’s; the dashed line joins what nothing else beats.</p>
    </section>
  );
}

/** Accuracy against latency, the file's size as the area of each point. */
export function AccuracyAndLatency({ report }: { readonly report: OptimizationReport }): VNode | null {
  const metric = accuracyMetric(report);
  const points = everythingTried(report).filter(({ accuracy }) => accuracy !== undefined);
  if (metric === undefined || points.length < 2) return null;
  const best = frontier(points, lossAndLatency, true);
  const largest = Math.max(...points.map(({ bytes }) => bytes));
  const title = `${metricTitles[metric]} and latency of everything tried`;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ChartCanvas
        height={190} version={report} label={`${title}: ${points.map(({ name, accuracy = Number.NaN, milliseconds, bytes, kind }) => `${name} ${formatAccuracy(metric, accuracy)}, ${formatMilliseconds(milliseconds)}, ${formatBytes(bytes)}${kind === 'source' ? '' : `, ${kind}`}`).join('; ')}`}
        configure={(ink) => scatter({
          points, best, ink, x: ({ milliseconds }) => milliseconds, y: ({ accuracy = Number.NaN }) => accuracy,
          radius: ({ bytes }) => smallestRadius + (largestRadius - smallestRadius) * Math.sqrt(bytes / largest),
          axes: { x: latencyAxis(ink), y: axis(ink, (value) => formatAccuracy(metric, value), metric === 'sqnr' ? fromZero : { max: 1, suggestedMin: lowestShare(points, report) }) },
          ...(report.floor.metric === metric ? { floor: report.floor.minimum } : {}),
        })}
      />
      <p class="muted small">Marks as below, their size that of the file. The dashed line joins what nothing else beats{report.floor.metric === metric ? `; the dotted one is the floor, ${formatAccuracy(metric, report.floor.minimum)}` : ''}.</p>
    </section>
  );
}

/** A little below the least, so that its label has room; shares end at 100 %. */
function lowestShare(points: readonly Tried[], { floor }: OptimizationReport): number {
  const least = Math.min(floor.minimum, ...points.map(({ accuracy = 1 }) => accuracy));
  return Math.max(0, least - (1 - least) * 0.2);
}

const smallestRadius = 3;
const largestRadius = 9;
const usualRadius = 4.5;

interface Scatter {
  readonly points: readonly Tried[];
  readonly best: readonly Tried[];
  readonly ink: ChartInk;
  readonly x: (point: Tried) => number;
  readonly y: (point: Tried) => number;
  readonly radius?: (point: Tried) => number;
  readonly axes: { readonly x: object; readonly y: object };
  /** A line across at this height. */
  readonly floor?: number;
}

function axis(ink: ChartInk, format: (value: number) => string, more: object): object {
  return {
    type: 'linear', grid: { color: ink.grid, drawTicks: false, lineWidth: 0.5 }, border: { color: ink.grid }, title: { display: false },
    ticks: { color: ink.muted, font: ink.font, maxTicksLimit: 5, padding: 4, maxRotation: 0, callback: (value: number | string) => format(Number(value)) }, ...more,
  };
}

const fromZero = { beginAtZero: true, grace: '8%' };
const sizeAxis = (ink: ChartInk): object => axis(ink, (value) => (value === 0 ? '0' : formatBytes(value)), fromZero);
const latencyAxis = (ink: ChartInk): object => axis(ink, (value) => (value === 0 ? '0' : `${significant(value, 2)} ms`), fromZero);

function scatter({ points, best, ink, x, y, radius = () => usualRadius, axes, floor }: Scatter): Parameters<typeof ChartCanvas>[0]['configure'] extends (ink: ChartInk) => infer Configuration ? Configuration : never {
  const accepted = ({ kind }: Tried): boolean => kind === 'accepted';
  const failed = ({ kind }: Tried): boolean => kind === 'rejected' || kind === 'failed';
  const place = (point: Tried): { x: number; y: number } => ({ x: x(point), y: y(point) });
  const farthest = Math.max(...points.map(x));
  const line = { showLine: true, pointRadius: 0, borderWidth: 1 };
  return {
    type: 'scatter',
    data: {
      datasets: [
        {
          data: points.map(place), clip: largestRadius + 2,
          pointRadius: points.map(radius), pointBorderWidth: 1.5,
          pointStyle: points.map((point) => (failed(point) ? 'crossRot' : 'circle')),
          pointBorderColor: points.map((point) => (accepted(point) ? ink.variant : ink.muted)),
          pointBackgroundColor: points.map((point) => (accepted(point) ? ink.variant : 'transparent')),
        },
        { ...line, data: best.map(place), borderColor: ink.variant, borderDash: [3, 3] },
        ...(floor === undefined ? [] : [{ ...line, data: [{ x: 0, y: floor }, { x: farthest, y: floor }], borderColor: ink.muted, borderDash: [1, 3] }]),
      ],
    },
    options: { ...still, layout: { padding: { top: 22, right: 10 } }, scales: { x: axes.x, y: axes.y } },
    plugins: [pointLabels(points.map(({ name }, index) => ({ dataset: 0, index, text: visible(name) })), ink)],
  };
}
