// `lathe optimize MODEL` and `lathe run RECIPE`: make a better copy, prove it, say what was tried.
import type { DataSpec } from '../../protocol/data';
import type { Goal, OptimizationReport } from '../../protocol/report';
import type { MostLoss } from '../../protocol/taskMetrics';
import { readRecipe, requestOf, runRecipe as runRecipeFile } from '../../recipes/execute';
import { optimizeModel, type OptimizeRequest, type OptimizeServices } from '../../recipes/optimize';
import { LatheError } from '../../base/errors';
import { Runner } from '../../runtime/runner';
import { dataOf, metricOf, picturesOf, type MetricArguments, type PictureArguments } from '../arguments';
import type { Session } from '../program';
import { reportLines } from '../render/report';
import { print, printJson, terminalLog } from '../terminal';
import { type RunModelOptions, type RunnerOptions, runnerStart } from './running';

export interface OptimizeOptions extends RunModelOptions, PictureArguments, MetricArguments {
  readonly maxLoss?: MostLoss;
  readonly goal: Goal;
  readonly target: string;
  readonly floor?: number;
  readonly recipe?: string;
  readonly output?: string;
  readonly allowSlower?: true;
  readonly allowUncalibrated?: true;
}

export interface RunOptions extends RunnerOptions {
  readonly frozen?: true;
}

/** @param given those of the options that are no defaults: they override what a recipe says */
export async function optimize(session: Session, modelPath: string, options: OptimizeOptions, given: Partial<OptimizeOptions>): Promise<void> {
  const request = options.recipe === undefined ? { ...requestOfOptions(options), goal: options.goal, modelPath } : requestByRecipe(options.recipe, modelPath, given);
  finish(session, await optimizeModel(request, services(options), session.context), options);
}

/** What the recipe says, done with another model and into a file of its own. */
function requestByRecipe(recipePath: string, modelPath: string, given: Partial<OptimizeOptions>): OptimizeRequest {
  const recipe = requestOf({ ...readRecipe(recipePath), output: undefined }, recipePath);
  return { ...recipe, ...requestOfOptions(given, recipe.data), bindings: { ...recipe.bindings, ...given.bind }, modelPath };
}

/** @param recipeData the data where the options name none */
function requestOfOptions(options: Partial<OptimizeOptions>, recipeData?: string | DataSpec): Partial<OptimizeRequest> {
  const { goal, target, bind, provider, threads, floor, output, followCacheLinks, allowSlower, allowUncalibrated } = options;
  const data = dataOf(options) ?? recipeData;
  const pictures = picturesOf({ ...options, ...(data === undefined ? {} : { data: typeof data === 'string' ? data : data.path }) });
  const metric = metricOf(options);
  if (options.maxLoss !== undefined && metric === undefined) throw new LatheError('usage', '--max-loss is a loss of a metric, and there is none.', { hint: 'Name one with --metric.' });
  return {
    ...(goal === undefined ? {} : { goal }),
    ...(target === undefined ? {} : { target }),
    ...(bind === undefined ? {} : { bindings: bind }),
    ...(provider === undefined ? {} : { provider }),
    ...(threads === undefined ? {} : { threads }),
    ...(data === undefined ? {} : { data }),
    ...(pictures === undefined ? {} : { pictures }),
    ...(metric === undefined ? {} : { metric }),
    ...(options.maxLoss === undefined ? {} : { mostLoss: options.maxLoss }),
    ...(floor === undefined ? {} : { floor }),
    ...(output === undefined ? {} : { outputPath: output }),
    ...(followCacheLinks === undefined ? {} : { followCacheLinks }),
    ...(allowSlower === undefined ? {} : { allowSlower }),
    ...(allowUncalibrated === undefined ? {} : { allowUncalibrated }),
  };
}

export async function runRecipe(session: Session, recipe: string, options: RunOptions): Promise<void> {
  const report = await runRecipeFile(recipe, { frozen: options.frozen ?? false, followCacheLinks: options.followCacheLinks ?? false }, services(options), session.context);
  finish(session, report, options);
}

function services(options: RunnerOptions): OptimizeServices {
  const start = runnerStart(options);
  return { startRunner: () => Runner.start(start), runnerStart: start, log: terminalLog(process.argv.includes('--verbose')) };
}

function finish(session: Session, report: OptimizationReport, options: RunnerOptions): void {
  session.line.clear();
  if (report.winner === undefined) session.outcome.exitCode = 1;
  if (options.json) printJson(report);
  else for (const line of reportLines(report)) print(line);
}
