// Running a recipe: again with all measurements, or frozen, replaying the decisions its report recorded.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { assertShapesAgree } from '../analysis/contradictions';
import type { WorkContext } from '../base/cancellation';
import { DisposableStore } from '../base/disposable';
import { LatheError, toLatheError } from '../base/errors';
import { modelFile, openModel } from '../formats/open';
import { captureSource } from '../formats/publish';
import type { OptimizationReport, SourceReport, VariantReport } from '../protocol/report';
import { resolvedAgainst } from '../runtime/data/description';
import { inaccuracy } from './acceptance';
import { Builder, DoesNotApply } from './build';
import { planOfSteps } from './candidates';
import { Laboratory } from './laboratory';
import { defaultBudgets, demandsOf, optimizeModel, samplesOf, type Budgets, type OptimizeRequest, type OptimizeServices } from './optimize';
import { assertOutput, publishWinner } from './publish';
import { parseRecipe, type Recipe } from './recipe';
import { placeOfReports } from './readOnlySource';
import { readReport, readReports, recipeSuffix } from './report';
import { fileBytes, sourceHashes } from './source';
import { sentence } from './trial';

/** Reads a recipe file. @throws LatheError `not-found`, `malformed` */
export function readRecipe(path: string): Recipe {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
  return parseRecipe(text, path);
}

/** What a recipe asks for, its paths resolved against its folder. */
export function requestOf(recipe: Recipe, path: string): OptimizeRequest {
  const from = (file: string): string => resolve(dirname(path), file);
  const { accept, data, output, pictures } = recipe;
  return {
    modelPath: from(recipe.model),
    goal: recipe.goal,
    target: recipe.target,
    ...(data === undefined ? {} : { data: typeof data === 'string' ? from(data) : resolvedAgainst(data, dirname(path)) }),
    ...(pictures === undefined ? {} : { pictures }),
    bindings: recipe.bindings,
    provider: recipe.provider,
    threads: recipe.threads,
    seed: recipe.seed,
    steps: recipe.steps.map(({ technique, options }) => ({ technique, options: options ?? {} })),
    allowSlower: accept.allowSlower,
    allowUncalibrated: accept.allowUncalibrated,
    ...(accept.metric === undefined ? {} : { metric: { ...accept.metric, ...(accept.metric.charset === undefined ? {} : { charset: from(accept.metric.charset) }) } }),
    ...(accept.mostLoss === undefined ? {} : { mostLoss: accept.mostLoss }),
    ...(accept.floor === undefined ? {} : { floor: accept.floor }),
    ...(output === undefined ? {} : { outputPath: from(output) }),
  };
}

export interface RunRecipeOptions {
  /** Replay what the report decided: no search, no benchmark. */
  readonly frozen?: boolean;
  readonly budgets?: Partial<Budgets>;
  /** As in {@link OptimizeRequest}. */
  readonly followCacheLinks?: boolean;
  /** The file to write where the recipe names none. */
  readonly output?: string;
}

/**
 * Runs a recipe.
 * @throws LatheError as {@link optimizeModel}; `not-found` when a frozen run has no report to replay, `source-touched` when
 * the report is about another source file.
 */
export async function runRecipe(path: string, options: RunRecipeOptions, services: OptimizeServices, work: WorkContext): Promise<OptimizationReport> {
  const request: OptimizeRequest = {
    ...(options.output === undefined ? {} : { outputPath: options.output }),
    ...requestOf(readRecipe(path), path),
    ...(options.budgets === undefined ? {} : { budgets: options.budgets }),
    ...(options.followCacheLinks === undefined ? {} : { followCacheLinks: options.followCacheLinks }),
  };
  return options.frozen === true ? replay(path, request, services, work) : optimizeModel(request, services, work);
}

/** The report that belongs to a recipe: of the same name, else the newest of its model that has a winner. */
function recordedReport(recipePath: string, modelPath: string): OptimizationReport {
  const beside = recipePath.endsWith(recipeSuffix) ? readReport(`${recipePath.slice(0, -recipeSuffix.length)}.report.json`) : undefined;
  const report = beside ?? readReports(modelPath).find((candidate) => candidate.winner !== undefined);
  if (report === undefined) throw new LatheError('not-found', 'There is no report whose decisions could be replayed.', { file: recipePath, hint: 'Run the recipe once without --frozen.' });
  return report;
}

/** @throws LatheError `source-touched` where the model or its external data are not those the report is about. */
function assertRecorded({ source }: OptimizationReport, { sha256, weightsSha256 }: Pick<SourceReport, 'sha256' | 'weightsSha256'>, file: string): void {
  if (sha256 === source.sha256 && (source.weightsSha256 === undefined || weightsSha256 === source.weightsSha256)) return;
  throw new LatheError('source-touched', 'The source is not the file the report is about.', { file, hint: 'Run the recipe without --frozen.' });
}

/** What was decided, without figures of speed: a replay measures none, and those of another run are not its own. */
function decisionOf(winner: VariantReport, recordedAt: string): VariantReport {
  return { ...without(winner, ['benchmark', 'layers']), reason: `Recorded on ${recordedAt.slice(0, 10)}: ${winner.reason}` };
}

function without<T extends object, K extends keyof T & string>(value: T, keys: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.some((other) => other === key))) as Omit<T, K>;
}

async function replay(recipePath: string, request: OptimizeRequest, services: OptimizeServices, work: WorkContext): Promise<OptimizationReport> {
  const start = Date.now();
  const recorded = recordedReport(recipePath, request.modelPath);
  const winner = recorded.variants.find((variant) => variant.id === recorded.winner);
  if (winner === undefined) throw new LatheError('rejected', `The recorded run accepted nothing, so there is nothing to replay. ${recorded.conclusion}`, { file: recipePath });
  placeOfReports(request.modelPath, request.outputPath);
  const file = modelFile(request.modelPath, request.followCacheLinks);
  const budgets = { ...defaultBudgets, ...request.budgets };
  const { settings, seed } = recorded;
  const owned = new DisposableStore();
  try {
    const source = owned.add(openModel(file.path, file));
    await assertOutput(request.modelPath, request.outputPath, source.format);
    const sourceState = await captureSource(request.modelPath);
    assertRecorded(recorded, await sourceHashes(sourceState), request.modelPath);
    const { calibration, evaluation: data, test } = await samplesOf(request, source, settings, seed, budgets);
    const laboratory = owned.add(new Laboratory({ source, file, data, calibration, ...(test === undefined ? {} : { test }), settings, seed, budgets, floor: recorded.floor.task === undefined ? recorded.floor.minimum : request.floor, ...demandsOf(request), services, work }));
    assertShapesAgree(source);
    const plan = planOfSteps(winner.steps, winner.title);
    const built = await new Builder(source, laboratory.context()).build(plan.steps);
    if (built instanceof DoesNotApply) throw new LatheError('rejected', `${built.reason}.`, { file: request.modelPath });
    const comparison = (await laboratory.compareOnTest(built.model)) ?? (await laboratory.compare(built.model));
    const inaccurate = inaccuracy(comparison, laboratory.floorOf(comparison.metric));
    if (inaccurate !== undefined) throw new LatheError('rejected', sentence(`replayed, but ${inaccurate}`), { file: request.modelPath });
    const published = await publishWinner(built.model, plan, { modelPath: request.modelPath, outputPath: request.outputPath, sourceState, signal: work.signal });
    const same = winner.sha256 === published.sha256 && winner.weightsSha256 === published.weightsSha256;
    const variant: VariantReport = { ...decisionOf(winner, recorded.startedAt), ...published, fileBytes: fileBytes(published.path), comparison };
    return {
      ...without(recorded, ['confirmation']),
      variants: [variant],
      conclusion: same ? 'Replayed: the same bytes as recorded.' : 'Replayed: within the recorded floor, but not the same bytes, as on another machine or version.',
      startedAt: new Date(start).toISOString(),
      seconds: (Date.now() - start) / 1000,
    };
  } finally {
    owned.dispose();
  }
}
