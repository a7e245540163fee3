// A benchmark or comparison that the person asked for, in the form the side panel shows: a report whose one variant was not searched for.
import path from 'node:path';
import { formatMilliseconds, formatSpeed } from '../base/format';
import type { Benchmark, Comparison } from '../protocol/measurement';
import type { OptimizationReport, VariantReport } from '../protocol/report';
import { t } from './translate';

/** @param startedAt ISO 8601. */
export function measurementReport(benchmark: Benchmark, comparison: Comparison | undefined, startedAt: string, seconds: number): OptimizationReport {
  const { source, variant } = benchmark;
  const variants: VariantReport[] = [];
  if (variant !== undefined)
    variants.push({
      id: 'variant',
      title: path.basename(variant.path),
      steps: [],
      status: 'not-chosen',
      reason: t('Measured on request.'),
      path: variant.path,
      fileBytes: variant.fileBytes,
      uncalibrated: false,
      benchmark,
      ...(comparison === undefined ? {} : { comparison }),
    });
  return {
    schema: 1,
    source: { path: source.path, sha256: '', fileBytes: source.fileBytes, weightBytes: 0 },
    goal: 'latency',
    target: 'this machine',
    data: comparison?.data ?? { kind: 'seeded', samples: 0 },
    settings: benchmark.settings,
    floor: { metric: '', minimum: 0 },
    seed: comparison?.data.seed ?? 0,
    variants,
    ...(variant === undefined ? { confirmation: benchmark } : {}),
    conclusion: conclusion(benchmark),
    machine: benchmark.machine,
    versions: {},
    startedAt,
    seconds,
  };
}

function conclusion({ source, variant, latencyRatio, verdict, reason }: Benchmark): string {
  const median = formatMilliseconds(source.medianMs.value);
  if (variant === undefined || latencyRatio === undefined) return t('{0}: {1} measured here.', path.basename(source.path), median);
  const names = [path.basename(variant.path), path.basename(source.path)] as const;
  switch (verdict) {
    case 'faster':
    case 'slower':
      return t('{0} is {1} than {2}, measured here.', names[0], formatSpeed(latencyRatio.value), names[1]);
    case 'no-difference':
      return t('No difference shown between {0} and {1}.', ...names);
    case 'inconclusive':
    case undefined:
      return t('Inconclusive: {0}', reason ?? t('the machine was busy'));
    default:
      return verdict satisfies never;
  }
}
