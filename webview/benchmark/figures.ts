// The benchmark page's figures from a report: which measurement counts, the table against the source, shares of time.
import type { Benchmark, Estimate } from '../../src/protocol/measurement';
import type { LayerDifference, OptimizationReport, VariantReport } from '../../src/protocol/report';
import { formatBytes, formatChange, formatMilliseconds, formatRatio, significant, unknown } from '../common/format';

/** How a change is to be seen: better and worse have colours, the rest has none. */
export type Tone = 'better' | 'worse' | 'none';

export interface ComparisonRow {
  readonly name: string;
  readonly source: string;
  readonly variant: string;
  readonly change: string;
  readonly interval: string;
  readonly tone: Tone;
}

export const speedWords = { less: 'faster', more: 'slower' } as const;
const sizeWords = { less: 'smaller', more: 'larger' } as const;
const factorWords = { less: 'less', more: 'more' } as const;

/** The winner's confirmation in fresh processes is the figure that counts; else the variant's own benchmark. */
export function benchmarkOf(report: OptimizationReport, variant: VariantReport | undefined): Benchmark | undefined {
  if (variant === undefined) return report.confirmation;
  return report.winner === variant.id && report.confirmation !== undefined ? report.confirmation : variant.benchmark;
}

/** Latency of a benchmark in words: a factor only where the interval shows a difference. */
export function describeVerdict({ verdict, latencyRatio }: Pick<Benchmark, 'verdict' | 'latencyRatio'>): string {
  switch (verdict) {
    case 'faster':
    case 'slower':
      return latencyRatio === undefined ? '' : formatRatio(latencyRatio.value, speedWords);
    case 'no-difference':
      return 'no difference shown';
    case 'inconclusive':
      return 'inconclusive';
    case undefined:
      return '';
    default:
      return verdict satisfies never;
  }
}

/** The interval of a ratio in the terms of its words: 2.04–2.12 for `2.08× faster`; as a ratio where no side is taken. */
export function describeInterval({ value, low, high }: Estimate, asFactor: boolean): string {
  const [from, to] = asFactor && value <= 1 ? [1 / high, 1 / low] : [low, high];
  return `${from.toFixed(2)}–${to.toFixed(2)}`;
}

export function comparisonRows(report: OptimizationReport, variant: VariantReport | undefined): ComparisonRow[] {
  const benchmark = benchmarkOf(report, variant);
  const rows: ComparisonRow[] = [];
  if (benchmark !== undefined) rows.push(...benchmarkRows(benchmark));
  if (variant?.weightBytes !== undefined) rows.push(ratioRow('Weights', report.source.weightBytes, variant.weightBytes, formatBytes, sizeWords));
  const metric = variant?.comparison?.metric;
  if (metric !== undefined) {
    rows.push({
      name: metricTitles[metric.name], source: '', variant: metric.name === 'sqnr' ? `${significant(metric.value)} dB` : `${significant(metric.value * 100)} %`,
      change: `of ${metric.samples.toLocaleString('en-US')} ${metric.samples === 1 ? 'sample' : 'samples'}`,
      interval: metric.name === 'sqnr' ? `${significant(metric.low)}–${significant(metric.high)}` : `${significant(metric.low * 100)}–${significant(metric.high * 100)}`, tone: 'none',
    });
  }
  const outputs = variant?.comparison?.outputs ?? [];
  if (outputs.length > 0 && metric?.name !== 'sqnr') {
    const worst = outputs.reduce<number | undefined>((least, { sqnrDb }) => sqnrDb === null ? least : Math.min(least ?? sqnrDb, sqnrDb), undefined);
    const equal = outputs.every(({ bitEqual }) => bitEqual);
    rows.push({ name: 'Output SQNR', source: '', variant: equal ? 'bit-equal' : worst === undefined ? unknown : `${significant(worst)} dB`, change: outputs.length > 1 && !equal ? 'worst output' : '', interval: '', tone: 'none' });
  }
  return rows;
}

export const metricTitles = {
  'agreement-top1': 'Same top answer', 'agreement-sequence': 'Same sequence', 'agreement-equal': 'Same values', sqnr: 'Output SQNR', top1: 'Top-1 accuracy', 'exact-match': 'Exact match',
} as const;

/** The floor in the metric's words and unit; none where nothing was judged. */
export function describeFloor({ metric, minimum }: OptimizationReport['floor']): string | undefined {
  const title = Object.entries(metricTitles).find(([name]) => name === metric)?.[1];
  if (title === undefined || !Number.isFinite(minimum)) return undefined;
  return `floor: ${title} at least ${metric === 'sqnr' ? `${significant(minimum)} dB` : `${significant(minimum * 100)} %`}`;
}

function benchmarkRows({ source, variant, latencyRatio, verdict }: Benchmark): ComparisonRow[] {
  const single = (name: string, value: string): ComparisonRow => ({ name, source: value, variant: '', change: '', interval: '', tone: 'none' });
  if (variant === undefined) {
    return [
      { ...single('Latency, median', formatMilliseconds(source.medianMs.value)), interval: `${significant(source.medianMs.low)}–${significant(source.medianMs.high)}` },
      single('Latency, p95', formatMilliseconds(source.p95Ms)), single('Latency, p99', formatMilliseconds(source.p99Ms)), single('CPU time', formatMilliseconds(source.cpuMs)),
      single('File', formatBytes(source.fileBytes)), single('Peak memory', formatBytes(source.peakMemoryBytes)), single('Load', formatMilliseconds(source.loadMs)),
    ];
  }
  const decided = verdict === 'faster' || verdict === 'slower';
  const benchmark = { verdict, latencyRatio } as Benchmark;
  return [
    {
      name: 'Latency, median', source: formatMilliseconds(source.medianMs.value), variant: formatMilliseconds(variant.medianMs.value),
      change: describeVerdict(benchmark), interval: latencyRatio === undefined ? '' : describeInterval(latencyRatio, decided),
      tone: verdict === 'faster' ? 'better' : verdict === 'slower' ? 'worse' : 'none',
    },
    // Tails have no interval here: their factor is told without colour.
    { ...ratioRow('Latency, p95', source.p95Ms, variant.p95Ms, formatMilliseconds, speedWords), tone: 'none' },
    { ...ratioRow('Latency, p99', source.p99Ms, variant.p99Ms, formatMilliseconds, speedWords), tone: 'none' },
    { ...ratioRow('CPU time', source.cpuMs, variant.cpuMs, formatMilliseconds, factorWords), tone: 'none' },
    ratioRow('File', source.fileBytes, variant.fileBytes, formatBytes, sizeWords),
    differenceRow('Peak memory', source.peakMemoryBytes, variant.peakMemoryBytes, formatBytes),
    differenceRow('Load', source.loadMs, variant.loadMs, formatMilliseconds),
  ];
}

/** Below this relative change a single figure is called the same. */
const sameWithin = 0.005;

function ratioRow(name: string, source: number, variant: number, format: (value: number) => string, words: { readonly less: string; readonly more: string }): ComparisonRow {
  const ratio = source > 0 ? variant / source : Number.NaN;
  const same = Math.abs(ratio - 1) < sameWithin;
  return {
    name, source: format(source), variant: format(variant), interval: '',
    change: Number.isNaN(ratio) ? '' : same ? 'same' : formatRatio(ratio, words),
    tone: Number.isNaN(ratio) || same ? 'none' : ratio < 1 ? 'better' : 'worse',
  };
}

function differenceRow(name: string, source: number, variant: number, format: (value: number) => string): ComparisonRow {
  return { name, source: format(source), variant: format(variant), interval: '', change: variant === source ? 'same' : formatChange(variant - source, format), tone: 'none' };
}

export interface TimeShare {
  readonly name: string;
  readonly sourceMs: number;
  readonly variantMs: number;
}

/** Time by operator: the greatest `count` of the source, and the rest as one. */
export function timeByOperator(layers: readonly LayerDifference[], count: number): TimeShare[] {
  const sums = new Map<string, TimeShare>();
  for (const { op, sourceMs, variantMs } of layers) {
    const sum = sums.get(op);
    sums.set(op, { name: op, sourceMs: (sum?.sourceMs ?? 0) + sourceMs, variantMs: (sum?.variantMs ?? 0) + variantMs });
  }
  const ordered = [...sums.values()].sort((a, b) => Math.max(b.sourceMs, b.variantMs) - Math.max(a.sourceMs, a.variantMs));
  if (ordered.length <= count + 1) return ordered;
  const rest = ordered.slice(count).reduce((sum, share) => ({ name: 'other', sourceMs: sum.sourceMs + share.sourceMs, variantMs: sum.variantMs + share.variantMs }), { name: 'other', sourceMs: 0, variantMs: 0 });
  return [...ordered.slice(0, count), rest];
}

/** The layers whose time changed most, either way. */
export function timeByLayer(layers: readonly LayerDifference[], count: number): TimeShare[] {
  return [...layers]
    .sort((a, b) => Math.abs(b.variantMs - b.sourceMs) - Math.abs(a.variantMs - a.sourceMs))
    .slice(0, count)
    .map(({ layer, sourceMs, variantMs }) => ({ name: layer, sourceMs, variantMs }));
}

export interface Tried {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly kind: 'source' | VariantReport['status'];
  /** The metric's value; of the source itself 1, and nothing where the metric is the noise against it. */
  readonly accuracy?: number;
}

/** Everything tried with size and latency. A variant's latency is its ratio times the source's, so that drift between runs moves nothing. */
export function everythingTried(report: OptimizationReport): Tried[] {
  const measured = report.variants.flatMap((variant) => {
    const benchmark = benchmarkOf(report, variant);
    return benchmark === undefined ? [] : [{ variant, benchmark }];
  });
  const first = report.confirmation ?? measured[0]?.benchmark;
  if (first === undefined) return [];
  const base = first.source.medianMs.value;
  const points: Tried[] = [{ id: '', name: 'source', bytes: report.source.fileBytes, milliseconds: base, kind: 'source', ...(accuracyMetric(report) === 'sqnr' ? {} : { accuracy: 1 }) }];
  for (const { variant, benchmark } of measured) {
    const bytes = benchmark.variant?.fileBytes ?? variant.fileBytes;
    if (bytes === undefined || benchmark.latencyRatio === undefined) continue;
    const metric = variant.comparison?.metric;
    points.push({ id: variant.id, name: variant.title, bytes, milliseconds: base * benchmark.latencyRatio.value, kind: variant.status, ...(metric === undefined || metric.name !== accuracyMetric(report) ? {} : { accuracy: metric.value }) });
  }
  return points;
}

/** What the variants of a report are compared by: one metric, that of the first. */
export function accuracyMetric(report: OptimizationReport): keyof typeof metricTitles | undefined {
  return report.variants.find(({ comparison }) => comparison?.metric !== undefined)?.comparison?.metric?.name;
}

/** Two figures of which less is better. */
export type Figures = (point: Tried) => readonly [number, number];

export const sizeAndLatency: Figures = ({ bytes, milliseconds }) => [bytes, milliseconds];
export const lossAndLatency: Figures = ({ accuracy = Number.NEGATIVE_INFINITY, milliseconds }) => [-accuracy, milliseconds];

/** Points that no other beats in both figures, least of the first one first; those that may not be used only where they are asked for. */
export function frontier(points: readonly Tried[], figures: Figures = sizeAndLatency, withRejected = false): Tried[] {
  const eligible = points.filter(({ kind }) => kind !== 'failed' && (withRejected || kind !== 'rejected'));
  const beats = (a: Tried, b: Tried): boolean => {
    const [[x, y], [u, v]] = [figures(a), figures(b)];
    return x <= u && y <= v && (x < u || y < v);
  };
  return eligible.filter((point) => !eligible.some((other) => other !== point && beats(other, point))).sort((a, b) => figures(a)[0] - figures(b)[0]);
}

/** `1.6× faster · 3.5 MB · Same sequence 99.1 %`: what was measured of a variant, in a line. */
export function describeMeasured(report: OptimizationReport, variant: VariantReport): string {
  const benchmark = benchmarkOf(report, variant);
  const bytes = benchmark?.variant?.fileBytes ?? variant.fileBytes;
  const metric = variant.comparison?.metric;
  return [
    ...(benchmark === undefined ? [] : [describeVerdict(benchmark)]),
    ...(bytes === undefined ? [] : [formatBytes(bytes)]),
    ...(metric === undefined ? [] : [`${metricTitles[metric.name]} ${formatAccuracy(metric.name, metric.value)}`]),
  ].filter((part) => part !== '').join(' · ');
}

export function formatAccuracy(metric: keyof typeof metricTitles | undefined, value: number): string {
  return metric === 'sqnr' ? `${significant(value)} dB` : `${significant(value * 100)} %`;
}
