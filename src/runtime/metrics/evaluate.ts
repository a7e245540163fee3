// How well one model does its task on labelled data; and which metric goes with the labels where none is named.
import { type WorkContext, throwIfCancelled } from '../../base/cancellation';
import { LatheError } from '../../base/errors';
import type { DataDescription, RunSettings } from '../../protocol/measurement';
import type { Evaluation, MetricSpec, TaskMetricName } from '../../protocol/taskMetrics';
import { type SampleSource, samplesWithLabels } from '../data/samples';
import type { ModelOrPath } from '../materialize';
import { type RunnerStart, withRunner } from '../runner';
import { metrics } from './table';

export interface EvaluateOptions extends WorkContext {
  readonly settings: RunSettings;
  readonly start?: RunnerStart;
  readonly limit?: number;
}

/** @throws LatheError whatever loading or running throws; `usage` for missing labels or no samples; `cancelled` */
export async function evaluateModel(model: ModelOrPath, samples: SampleSource, spec: MetricSpec, { settings, start, limit, signal, progress }: EvaluateOptions): Promise<Evaluation> {
  const metric = metrics[spec.name].open(spec);
  return withRunner(start, signal, async (runner) => {
    const session = await runner.load(model, { provider: settings.provider, threads: settings.threads });
    const total = Math.min(limit ?? Infinity, samples.description.samples);
    for await (const { feeds, label } of samplesWithLabels(samples, total)) {
      throwIfCancelled(signal);
      progress({ message: `Judging sample ${metric.count + 1} of ${total}`, fraction: metric.count / total });
      metric.add((await session.run(feeds)).outputs, label, feeds);
    }
    return { metric: metric.name, unit: metric.unit, higherIsBetter: metric.higherIsBetter, figure: metric.result(), data: describeUsed(samples, metric.count) };
  });
}

/** The data as they were used: samples seen, and how many were left out. */
export function describeUsed(samples: SampleSource, count: number): DataDescription {
  const skipped = samples.skipped?.().count ?? 0;
  return { ...samples.description, samples: count, ...(skipped === 0 ? {} : { skipped }) };
}

/** The metric that goes with what the data's labels are, by the first sample. @throws LatheError `usage` where there are no labels */
export async function usualMetric(samples: SampleSource): Promise<TaskMetricName> {
  for await (const { label } of samplesWithLabels(samples, 1)) {
    if (label?.boxes !== undefined) return 'map50';
    if (label?.index !== undefined && samples.description.classes !== undefined) return 'top1';
    if (label?.values !== undefined) return 'mse';
    if (label?.text !== undefined) return 'exact-match';
  }
  throw new LatheError('usage', 'The data have no labels a model could be judged by.', {
    ...(samples.description.path === undefined ? {} : { file: samples.description.path }),
    hint: 'Put pictures into a folder per class, give --labels, or name a metric that needs none, as perplexity. How far two models agree without labels says lathe compare.',
  });
}
