// A report as a person reads it, in Markdown.
import { basename } from 'node:path';
import { visible } from '../base/visible';
import { formatBytes, formatMetric, formatMilliseconds, formatVerdict, threeDigits } from '../base/format';
import type { Benchmark, Comparison, MetricValue } from '../protocol/measurement';
import type { OptimizationReport, VariantReport } from '../protocol/report';
import { metrics } from '../runtime/metrics/table';
import { differenceLine, figure, limitText } from './taskLimit';

const statusWords: Readonly<Record<VariantReport['status'], string>> = { accepted: '**accepted**', rejected: 'rejected', failed: 'failed', 'not-chosen': 'not chosen' };

/** Every figure says where it was measured; predicted stands beside measured. */
export function reportMarkdown(report: OptimizationReport): string {
  const { machine, settings } = report;
  const bindings = Object.entries(settings.bindings).map(([name, value]) => `${name} = ${value}`);
  return [
    `# ${escape(basename(report.source.path))}: optimized for ${report.goal}`,
    '',
    escape(report.conclusion),
    '',
    ...(report.confirmation === undefined ? [] : ['Confirmed in fresh processes:', '', ...benchmarkTable(report.confirmation), '']),
    '## Variants',
    '',
    '| variant | result | latency, new / source | file | agreement | why |',
    '|---|---|---|---|---|---|',
    ...report.variants.map(variantRow),
    '',
    ...report.variants.flatMap(variantDetails),
    '## How it was measured',
    '',
    `- Measured here: ${escape(machine.cpu)}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${escape(machine.platform)}; Node ${escape(machine.node)}, onnxruntime ${escape(machine.onnxruntime)}.`,
    `- Execution provider ${escape(settings.provider)}, ${settings.threads} ${settings.threads === 1 ? 'thread' : 'threads'}${bindings.length === 0 ? '' : `, ${escape(bindings.join(', '))}`}.`,
    `- Data: ${report.data.kind === 'seeded' ? `${report.data.samples} samples of seeded random numbers (no real data was given)` : `${report.data.samples} samples of ${escape(report.data.kind)}${report.data.path === undefined ? '' : ` from ${escape(report.data.path)}`}`}.`,
    `- ${floorText(report.floor)}Seed ${report.seed}.`,
    `- Source: ${formatBytes(report.source.fileBytes)}, SHA-256 ${code(report.source.sha256)}.`,
    `- Started ${escape(report.startedAt)}, took ${report.seconds.toFixed(0)} s.`,
    '',
  ].join('\n');
}

function floorText({ metric, minimum, task }: OptimizationReport['floor']): string {
  if (task !== undefined) return `Floor: ${limitText(task)}. `;
  return metric === '' ? '' : `Floor: ${metric} ≥ ${formatMetric(metric, minimum)}. `;
}

function variantRow(variant: VariantReport): string {
  const ratio = variant.benchmark?.latencyRatio;
  return `| ${[
    escape(variant.title),
    statusWords[variant.status] + (variant.uncalibrated ? ', uncalibrated' : ''),
    ratio === undefined ? '–' : `${threeDigits(ratio.value)} (${threeDigits(ratio.low)}–${threeDigits(ratio.high)})`,
    variant.fileBytes === undefined ? '–' : formatBytes(variant.fileBytes),
    variant.comparison?.metric === undefined ? '–' : metricText(variant.comparison.metric),
    escape(variant.reason),
  ].join(' | ')} |`;
}

function variantDetails(variant: VariantReport): string[] {
  const notes = variant.steps.flatMap((step) => step.notes.map((note) => `- ${escape(step.title)}: ${escape(note)}`));
  const byReason = new Map<string, string[]>();
  for (const { layer, reason } of variant.steps.flatMap((step) => step.kept)) byReason.set(reason, [...(byReason.get(reason) ?? []), layer]);
  const kept = [...byReason].map(([reason, layers]) => `- ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} left as ${layers.length === 1 ? 'it was' : 'they were'} (${escape(reason)})${layers.length <= 4 ? `: ${layers.map(code).join(', ')}` : ''}`);
  const predicted = variant.predicted?.weightBytes;
  const estimate = predicted === undefined || variant.fileBytes === undefined ? [] : [`- Predicted change of weight bytes: ${signed(predicted.low)} to ${signed(predicted.high)}; file measured: ${formatBytes(variant.fileBytes)}`];
  const lines = [...taskLines(variant.comparison), ...notes, ...kept, ...estimate];
  return lines.length === 0 ? [] : [`### ${escape(variant.title)}`, '', ...lines, ''];
}

/** How well the variant does its task on labelled data, beside the source. */
function taskLines(comparison: Comparison | undefined): string[] {
  const { task, data } = comparison ?? {};
  if (task === undefined) return [];
  const { metric, unit, source, variant } = task;
  const part = data?.split === undefined ? '' : ` of the ${data.split} part`;
  return [`- ${metrics[metric].title}: ${figure(unit, variant.value)} (source ${figure(unit, source.value)}), on ${variant.samples} samples${part}; ${differenceLine(task)}`];
}

function benchmarkTable(benchmark: Benchmark): string[] {
  const { source, variant, latencyRatio: ratio } = benchmark;
  if (variant === undefined) return [];
  const row = (label: string, value: (side: typeof source) => string): string => `| ${label} | ${value(source)} | ${value(variant)} |`;
  return [
    '| | source | new |',
    '|---|---|---|',
    row('median', (side) => formatMilliseconds(side.medianMs.value)),
    row('p95', (side) => formatMilliseconds(side.p95Ms)),
    row('p99', (side) => formatMilliseconds(side.p99Ms)),
    row('CPU time', (side) => formatMilliseconds(side.cpuMs)),
    row('load', (side) => formatMilliseconds(side.loadMs)),
    row('peak memory', (side) => formatBytes(side.peakMemoryBytes)),
    row('file', (side) => formatBytes(side.fileBytes)),
    '',
    ...(ratio === undefined ? [] : [`Latency ratio ${threeDigits(ratio.value)} (95 % interval ${threeDigits(ratio.low)}–${threeDigits(ratio.high)}): ${formatVerdict(benchmark.verdict, ratio.value)}, over ${benchmark.rounds} interleaved rounds.`]),
  ];
}

function metricText(metric: MetricValue): string {
  return `${formatMetric(metric.name, metric.value)}${metric.name === 'sqnr' ? '' : ` of ${metric.samples}`}`;
}

function signed(bytes: number): string {
  return `${bytes < 0 ? '−' : '+'}${formatBytes(Math.abs(bytes))}`;
}

/** What comes from models and files is text, never markup. */
function escape(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ')).replaceAll(/[\\`*_{}[\]<>|#&~!]/g, '\\$&');
}

/** A code span, its fence longer than any run of backticks in it (CommonMark 6.1). */
function code(text: string): string {
  const shown = visible(text);
  const fence = '`'.repeat(1 + Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length)));
  const space = shown.startsWith('`') || shown.endsWith('`') || shown.trim() === '' ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`;
}
