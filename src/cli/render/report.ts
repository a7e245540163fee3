// `lathe optimize` and `run` for a person: what was tried, what was kept, and why.
import { visible } from '../../base/visible';
import { formatBytes, formatMetric } from '../../base/format';
import type { OptimizationReport, VariantReport } from '../../protocol/report';
import { figure } from '../../recipes/taskLimit';
import { tableLines } from '../terminal';
import { benchmarkLines } from './measurement';

export function reportLines(report: OptimizationReport): string[] {
  const winner = report.variants.find((variant) => variant.id === report.winner);
  const demanded = report.floor.task;
  const hasTask = demanded !== undefined;
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
        ...(demanded !== undefined ? [{ title: demanded.metric, align: 'right' as const }] : []),
        { title: 'why', align: 'left' },
      ],
      report.variants.map((variant) => variantRow(variant, hasTask)),
    ),
    ...(report.confirmation === undefined ? [] : ['', 'The winner, measured once more in fresh processes:', ...benchmarkLines(report.confirmation, winner?.path ?? winner?.title)]),
    ...(report.reportPath === undefined ? [] : ['', `report: ${visible(report.reportPath)}`]),
  ];
}

function variantRow(variant: VariantReport, hasTask: boolean): string[] {
  const ratio = variant.benchmark?.latencyRatio;
  const { metric, task } = variant.comparison ?? {};
  return [
    variant.title,
    variant.status,
    variant.fileBytes === undefined ? '' : formatBytes(variant.fileBytes),
    ratio === undefined ? '' : `${ratio.value.toFixed(3)} (${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)})`,
    metric === undefined ? '' : formatMetric(metric.name, metric.value),
    ...(hasTask ? [task === undefined ? '' : `${figure(task.unit, task.variant.value)} (source ${figure(task.unit, task.source.value)}, p ${task.p.toFixed(3)})`] : []),
    variant.reason,
  ];
}
