// `lathe evaluate MODEL [MODEL2]`: how well models do their task on labelled data; of two, whether they differ beyond chance.
import { modelFile } from '../../formats/open';
import type { DataSplit } from '../../protocol/data';
import type { MostLoss } from '../../protocol/taskMetrics';
import { belowLimit } from '../../recipes/taskLimit';
import { sentence } from '../../recipes/trial';
import { compareModels } from '../../runtime/compare';
import { openSamples } from '../../runtime/data/datasets';
import { evaluateModel, usualMetric } from '../../runtime/metrics/evaluate';
import { LatheError } from '../../base/errors';
import { dataOf, metricOf, picturesOf, type MetricArguments, type PictureArguments } from '../arguments';
import type { Session } from '../program';
import { evaluationLines, taskLines } from '../render/task';
import { print, printJson } from '../terminal';
import { type RunModelOptions, runSettings, runnerStart, withModel } from './running';

export interface EvaluateOptions extends RunModelOptions, PictureArguments, MetricArguments {
  readonly split?: DataSplit;
  /** Most samples; all by default. */
  readonly samples?: number;
  readonly maxLoss?: MostLoss;
  readonly floor?: number;
}

export async function evaluate(session: Session, source: string, variant: string | undefined, options: EvaluateOptions): Promise<void> {
  if (options.data === undefined) throw new LatheError('usage', 'There are no data to judge by.', { hint: 'Give labelled data with --data.' });
  if (variant === undefined && options.maxLoss !== undefined) throw new LatheError('usage', '--max-loss is against another model, and there is one alone.', { hint: 'Give the source first and the variant after it, or use --floor.' });
  await withModel(source, options, async (model, file) => {
    const limit = options.samples ?? Number.MAX_SAFE_INTEGER;
    const samples = await openSamples(dataOf(options), model, { bindings: options.bind, limit, ...picturesOf(options), ...(options.split === undefined ? {} : { split: options.split }) });
    const spec = metricOf(options) ?? { name: await usualMetric(samples) };
    const start = runnerStart(options);
    if (variant === undefined) {
      const evaluation = await evaluateModel(file, samples, spec, { settings: runSettings(options), start, ...session.context });
      session.line.clear();
      if (options.json) printJson(evaluation);
      else for (const line of evaluationLines(evaluation)) print(line);
      const { floor } = options;
      if (floor !== undefined && (evaluation.higherIsBetter ? evaluation.figure.value < floor : evaluation.figure.value > floor)) session.outcome.exitCode = 1;
      return;
    }
    const compared = await compareModels(file, modelFile(variant, options.followCacheLinks), samples, { settings: runSettings(options), metric: spec, start, ...session.context });
    session.line.clear();
    const limits = { ...(options.maxLoss === undefined ? {} : { mostLoss: options.maxLoss }), ...(options.floor === undefined ? {} : { floor: options.floor }) };
    const task = compared.task === undefined ? undefined : { ...compared.task, ...(Object.keys(limits).length === 0 ? {} : { limit: limits }) };
    const below = task === undefined ? undefined : belowLimit(task);
    if (below !== undefined) session.outcome.exitCode = 1;
    if (options.json) printJson({ task, agreement: compared.metric, data: compared.data });
    else for (const line of task === undefined ? [] : taskLines(task, { source, variant }, compared)) print(line);
    if (below !== undefined) process.stderr.write(`lathe: ${sentence(below)}\n`);
  });
}
