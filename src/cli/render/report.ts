// `lathe optimize` and `run` for a person: what was tried, what was kept, and why.
import { visible } from '../../base/visible';
import { formatBytes, formatMetric } from '../../base/format';
import type { OptimizationReport, VariantReport } from '../../protocol/report';
import { tableLines } from '../terminal';
import { benchmarkLines } from './measurement';

export function reportLines(report: OptimizationReport): string[] {
  const winner = report.variants.find((variant) => variant.id === report.winner);
  return [
    visible(report.conclusion),
    ...(winner?.path === undefined ? [] : [`written: ${visible(winner.path)}${winner.uncalibrated ? '  (uncalibrated)' : ''}`]),
    '',
    ...tableLines(
      [
        { title: 'variant', align: 'left', width: 40 },
        { title: 'status', align: 'left' },
        { title: 'file', align: 'right' },
        { title: 'latency ratio', align: 'right' },
        { title: 'agreement', align: 'right' },
        { title: 'why', align: 'left' },
      ],
      report.variants.map(variantRow),
    ),
    ...(report.confirmation === undefined ? [] : ['', 'The winner, measured once more in fresh processes:', ...benchmarkLines(report.confirmation, winner?.path ?? winner?.title)]),
    ...(report.reportPath === undefined ? [] : ['', `report: ${visible(report.reportPath)}`]),
  ];
}

function variantRow(variant: VariantReport): string[] {
  const ratio = variant.benchmark?.latencyRatio;
  const metric = variant.comparison?.metric;
  return [
    variant.title,
    variant.status,
    variant.fileBytes === undefined ? '' : formatBytes(variant.fileBytes),
    ratio === undefined ? '' : `${ratio.value.toFixed(3)} (${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)})`,
    metric === undefined ? '' : formatMetric(metric.name, metric.value),
    variant.reason,
  ];
}
