// `lathe optimize MODEL` and `lathe run RECIPE`: make a better copy, prove it, say what was tried.
import { readFileSync } from 'node:fs';
import { toLatheError } from '../../base/errors';
import type { Goal, OptimizationReport } from '../../protocol/report';
import { runRecipe as runRecipeFile } from '../../recipes/execute';
import { optimizeModel, type OptimizeServices } from '../../recipes/optimize';
import type { CandidateStep } from '../../recipes/candidates';
import { parseRecipe, type Recipe } from '../../recipes/recipe';
import { Runner } from '../../runtime/runner';
import { picturesOf, type PictureArguments } from '../arguments';
import type { Session } from '../program';
import { reportLines } from '../render/report';
import { print, printJson, terminalLog } from '../terminal';
import { type RunModelOptions, runnerStart } from './running';

export interface OptimizeOptions extends RunModelOptions, PictureArguments {
  readonly goal: Goal;
  readonly target: string;
  readonly floor?: number;
  readonly recipe?: string;
  readonly output?: string;
  readonly allowSlower?: true;
  readonly allowUncalibrated?: true;
}

export interface RunOptions extends RunModelOptions {
  readonly frozen?: true;
}

export async function optimize(session: Session, modelPath: string, options: OptimizeOptions): Promise<void> {
  const steps = options.recipe === undefined ? undefined : stepsOf(parseRecipe(readText(options.recipe), options.recipe));
  const pictures = picturesOf(options);
  const report = await optimizeModel(
    {
      modelPath,
      goal: options.goal,
      target: options.target,
      bindings: options.bind,
      provider: options.provider,
      threads: options.threads,
      followCacheLinks: options.followCacheLinks ?? false,
      allowSlower: options.allowSlower ?? false,
      allowUncalibrated: options.allowUncalibrated ?? false,
      ...(steps === undefined ? {} : { steps }),
      ...(options.data === undefined ? {} : { data: options.data }),
      ...(pictures === undefined ? {} : { pictures }),
      ...(options.floor === undefined ? {} : { floor: options.floor }),
      ...(options.output === undefined ? {} : { outputPath: options.output }),
    },
    services(options),
    session.context,
  );
  finish(session, report, options);
}

export async function runRecipe(session: Session, recipe: string, options: RunOptions): Promise<void> {
  const report = await runRecipeFile(recipe, { frozen: options.frozen ?? false, followCacheLinks: options.followCacheLinks ?? false }, services(options), session.context);
  finish(session, report, options);
}

function services(options: RunModelOptions): OptimizeServices {
  return { startRunner: () => Runner.start(runnerStart(options)), log: terminalLog(process.argv.includes('--verbose')) };
}

function finish(session: Session, report: OptimizationReport, options: RunModelOptions): void {
  session.line.clear();
  if (report.winner === undefined) session.outcome.exitCode = 1;
  if (options.json) printJson(report);
  else for (const line of reportLines(report)) print(line);
}

function stepsOf(recipe: Recipe): CandidateStep[] {
  return recipe.steps.map(({ technique, options }) => ({ technique, options: options ?? {} }));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}
