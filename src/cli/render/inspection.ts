// `lathe inspect` for a person: what the model is, what it costs, where, and what is worth changing.
import { visible } from '../../base/visible';
import { formatBytes, formatCount, formatShape, formatShare } from '../../base/format';
import type { Inspection, LayerSummary, ValueSummary } from '../../protocol/analysis';
import { placedMessage, type Finding, type GainEstimate, type Range } from '../../protocol/findings';
import { type Column, tableLines } from '../terminal';

export interface InspectionView {
  /** How many layers the table shows; the costliest come first. */
  readonly layers: number;
}

export function inspectionLines(inspection: Inspection, view: InspectionView): string[] {
  return [...headerLines(inspection), '', ...layerTable(inspection, view.layers), ...findingLines(inspection.findings)];
}

const formats: Readonly<Record<Inspection['format'], string>> = { onnx: 'ONNX', 'tfjs-graph': 'TensorFlow.js graph model', 'tfjs-layers': 'TensorFlow.js layers model' };

function headerLines(model: Inspection): string[] {
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain === '' ? 'ai.onnx' : visible(domain)} ${version}`);
  const facts = [
    `${formatCount(model.parameters)} parameters`,
    ...(model.weightElements === undefined ? [] : [`${formatCount(model.weightElements)} by TensorFlow.js's count (statistics and constants included)`]),
    `${formatBytes(model.weightBytes)} of weights`,
    model.macs === null ? 'MACs unknown' : formatCount(model.macs, 'MACs'),
    model.peakActivationBytes === null ? 'peak activations unknown' : `${formatBytes(model.peakActivationBytes)} peak activations`,
  ];
  const lines = [
    `${visible(model.path)}  ${formats[model.format]} · ${model.format === 'onnx' ? `opset ${opsets.join(', ')} · ` : ''}${formatBytes(model.fileBytes)}${model.producer === '' ? '' : ` · ${visible(model.producer)}`}`,
    `${facts.join(' · ')} · ${formatCount(model.nodes)} nodes`,
    ...model.inputs.map((value) => `input   ${valueText(value)}`),
    ...model.outputs.map((value) => `output  ${valueText(value)}`),
  ];
  const open = Object.entries(model.bindings);
  if (open.length > 0) {
    const bound = open.map(([name, value]) => `${visible(name)}=${value ?? '?'}`).join(', ');
    lines.push(`evaluated at ${bound} (change with --bind)`);
  }
  for (const warning of model.warnings) lines.push(`warning: ${visible(warning.message)}`);
  return lines;
}

function valueText(value: ValueSummary): string {
  return `${visible(value.name)}  ${value.type}${value.shape === undefined ? '' : ` ${visible(formatShape(value.shape))}`}`;
}

const columns: readonly Column[] = [
  { title: 'layer', align: 'left', width: 56 },
  { title: 'operator', align: 'left' },
  { title: 'output', align: 'left', width: 24 },
  { title: 'parameters', align: 'right' },
  { title: 'weights', align: 'right' },
  { title: 'MACs', align: 'right' },
  { title: 'share', align: 'right' },
];

/** The costliest layers: by MACs where they are known, else by weight bytes. */
function layerTable(model: Inspection, count: number): string[] {
  const byMacs = model.macs !== null && model.macs > 0;
  const total = byMacs ? model.macs : model.weightBytes;
  const cost = (layer: LayerSummary): number => (byMacs ? (layer.macs ?? 0) : layer.weightBytes);
  const sorted = [...model.layers].sort((a, b) => cost(b) - cost(a) || b.weightBytes - a.weightBytes);
  const shown = sorted.slice(0, count);
  const rows = shown.map((layer) => [
    layer.name,
    layer.function ?? layer.op,
    layer.outputs[0]?.shape === undefined ? '?' : formatShape(layer.outputs[0].shape),
    layer.parameters === 0 ? '' : formatCount(layer.parameters),
    layer.weightBytes === 0 ? '' : formatBytes(layer.weightBytes),
    layer.macs === null ? '?' : layer.macs === 0 ? '' : formatCount(layer.macs),
    cost(layer) === 0 || total === 0 ? '' : formatShare(cost(layer) / total),
  ]);
  const rest = model.layers.length - shown.length;
  return [...tableLines(columns, rows), ...(rest > 0 ? [`… and ${rest} more layers (--layers ${model.layers.length} shows all; share is of ${byMacs ? 'MACs' : 'weight bytes'})`] : [])];
}

function findingLines(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['', 'No findings.'];
  const lines = ['', `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`];
  for (const finding of findings.slice(0, 40)) {
    lines.push(`  ${finding.severity === 'information' ? '·' : finding.severity}  ${visible(placedMessage(finding))}`);
    for (const fix of finding.fixes) lines.push(`       → ${fix.title}${estimateText(fix.estimate)}`);
  }
  if (findings.length > 40) lines.push(`  … and ${findings.length - 40} more (--json shows all)`);
  return lines;
}

/** ` (estimated −1.7 to −1.8 MB, −0.4 to −0.7 ms on …)`, or nothing where there is no estimate. */
export function estimateText(estimate: GainEstimate): string {
  const parts = [
    rangeText(estimate.weightBytes, formatBytes),
    rangeText(estimate.macs, (value) => formatCount(value, 'MACs')),
    rangeText(estimate.milliseconds, (value) => `${value.toFixed(2)} ms`),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return '';
  return ` (estimated ${parts.join(', ')}${estimate.device === undefined ? '' : ` for ${estimate.device}`})`;
}

function rangeText(range: Range | undefined, format: (value: number) => string): string | undefined {
  if (range === undefined) return undefined;
  const low = signed(range.low, format);
  const high = signed(range.high, format);
  return low === high ? low : `${low} to ${high}`;
}

function signed(value: number, format: (value: number) => string): string {
  return value < 0 ? `−${format(-value)}` : `+${format(value)}`;
}
