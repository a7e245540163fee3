// The work a person starts: profile, fix, optimize, run a recipe, benchmark, compare. Each asks for trust, shows progress, ends in the side panel.
import path from 'node:path';
import * as vscode from 'vscode';
import { isEditedCopy } from '../base/editedName';
import { LatheError } from '../base/errors';
import { hubCacheFolder } from '../base/hubCache';
import type { InlinedCopy } from '../protocol/engine';
import type { Fix } from '../protocol/findings';
import type { Goal, OptimizationReport } from '../protocol/report';
import type { BenchmarkView } from './benchmarkView';
import { askCalibration } from './dataQuestions';
import { requireTrust, type Host } from './host';
import { askOutput } from './hubCache';
import { measurementReport } from './measurementReport';
import { askOptimize } from './optimizeQuestions';
import type { OpenModel } from './openModel';
import { readModelSettings } from './settings';
import { textUri } from './textUris';
import { t } from './translate';

/** What a single fix must improve to be kept, and whether it measures ranges on data. */
const techniques = new Map<string, { readonly goal: Goal; readonly calibrates?: true }>([
  ['simplify', { goal: 'simplification' }],
  ['float16', { goal: 'size' }],
  ['quantize-static', { goal: 'latency', calibrates: true }],
  ['quantize-dynamic', { goal: 'latency' }],
]);

const defaultTarget = 'this machine';

export class Work {
  constructor(
    private readonly host: Host,
    private readonly panel: BenchmarkView,
  ) {}

  async profile(uri: vscode.Uri): Promise<void> {
    await requireTrust();
    await this.host.jobs.run(t('Profiling {0}', name(uri)), uri, async (context) => await this.host.models.use(uri, async (model) => await model.profile(context)));
  }

  /** One fix as a recipe: new file → checked → benchmarked → side panel. Asked is only what it cannot do without. */
  async applyFix(uri: vscode.Uri, fixId: string): Promise<OptimizationReport | undefined> {
    await requireTrust();
    return await this.host.models.use(uri, async (model) => {
      const fix = await findFix(model, fixId);
      const { goal = 'latency', calibrates = false } = techniques.get(fix.technique) ?? {};
      const calibration = calibrates ? await askCalibration(this.host, uri, `${fix.title}: ${name(uri)}`) : {};
      if (calibration === undefined) return undefined;
      const place = await askOutput(uri);
      if (place === undefined) return undefined;
      return await this.report(uri, `${fix.title}: ${name(uri)}`, async (context) =>
        await model.withDocument(async (engine, document) =>
          await engine.request('model/optimize', { document, goal, target: defaultTarget, bindings: model.bindings, fix: fix.id, ...calibration, ...place }, context),
        ),
      );
    });
  }

  /** A copy beside the model that can be edited as text; the text of one that is a copy already. */
  async editCopy(uri: vscode.Uri): Promise<void> {
    await requireTrust();
    const copy = isEditedCopy(uri.path)
      ? uri
      : await this.host.jobs.run(t('Copying {0}', name(uri)), uri, async (context) =>
          await this.host.models.use(uri, async (model) => {
            const { path: made } = await model.withDocument(async (engine, document) => await engine.request('model/editCopy', { document }, context));
            return uri.with({ path: vscode.Uri.file(made).path });
          }),
        );
    if (copy !== undefined) await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(textUri(copy)), { preview: false });
  }

  /** A new file in which a function of the model, or all, gave way to their bodies. */
  async inlineFunctions(uri: vscode.Uri, named?: string): Promise<InlinedCopy | undefined> {
    await requireTrust();
    const place = await askOutput(uri);
    if (place === undefined) return undefined;
    const title = named === undefined ? t('Inlining the functions of {0}', name(uri)) : t('Inlining {0} in {1}', named, name(uri));
    const copy = await this.host.jobs.run(title, uri, async (context) =>
      await this.host.models.use(uri, async (model) =>
        await model.withDocument(async (engine, document) => await engine.request('model/inline', { document, bindings: model.bindings, ...(named === undefined ? {} : { functions: [named] }), ...place }, context)),
      ),
    );
    if (copy !== undefined) void offerOpening(copy);
    return copy;
  }

  async optimize(uri: vscode.Uri): Promise<OptimizationReport | undefined> {
    await requireTrust();
    const answers = await askOptimize(this.host, uri);
    if (answers === undefined) return undefined;
    const place = await askOutput(uri);
    if (place === undefined) return undefined;
    return await this.host.models.use(uri, async (model) =>
      await this.report(uri, t('Optimizing {0}', name(uri)), async (context) =>
        await model.withDocument(async (engine, document) => await engine.request('model/optimize', { document, bindings: model.bindings, ...answers, ...place }, context)),
      ),
    );
  }

  async runRecipe(recipe: vscode.Uri): Promise<OptimizationReport | undefined> {
    await requireTrust();
    const engine = await this.host.engine();
    const { model, output } = await engine.request('recipe/read', { path: recipe.fsPath });
    const uri = vscode.Uri.file(model);
    const followCacheLinks = (await this.cacheLinksOf([uri])).length > 0;
    const place = output === undefined ? await askOutput(uri) : {};
    if (place === undefined) return undefined;
    return await this.report(uri, t('Running {0}', name(recipe)), async (context) => await engine.request('recipe/run', { path: recipe.fsPath, frozen: false, followCacheLinks, ...place }, context));
  }

  /** Measures a model, or two against each other in interleaved rounds. */
  async benchmark(source: vscode.Uri, variant?: vscode.Uri): Promise<OptimizationReport | undefined> {
    await requireTrust();
    const title = variant === undefined ? t('Benchmarking {0}', name(source)) : t('Comparing {0} with {1}', name(source), name(variant));
    const begun = new Date();
    await this.panel.reveal(source);
    const followCacheLinks = await this.cacheLinksOf(variant === undefined ? [source] : [source, variant]);
    const result = await this.host.jobs.run(title, source, async (context) => {
      const engine = await this.host.engine();
      const bindings = this.host.models.find(source)?.bindings ?? {};
      return await engine.request('bench/compare', { source: source.fsPath, bindings, settings: readModelSettings(source), followCacheLinks, ...(variant === undefined ? {} : { variant: variant.fsPath }) }, context);
    });
    if (result === undefined) return undefined;
    const report = measurementReport(result.benchmark, result.comparison, begun.toISOString(), (Date.now() - begun.getTime()) / 1000);
    this.panel.addMeasurement(source, report);
    await this.panel.reveal(source);
    return report;
  }

  /** Those of the models whose links the person allowed to follow; asks where a model of the cache is not open yet. */
  private async cacheLinksOf(models: readonly vscode.Uri[]): Promise<string[]> {
    const followed: string[] = [];
    for (const uri of models) if (hubCacheFolder(uri.fsPath) !== undefined && (await this.host.models.use(uri, async (model) => await model.followsCacheLinks()))) followed.push(uri.fsPath);
    return followed;
  }

  private async report(uri: vscode.Uri, title: string, work: (context: { signal: AbortSignal; progress: (progress: { message: string; fraction?: number }) => void }) => Promise<OptimizationReport>): Promise<OptimizationReport | undefined> {
    await this.panel.reveal(uri);
    const report = await this.host.jobs.run(title, uri, work);
    if (report === undefined) return undefined;
    if (report.sensitivity !== undefined) this.host.models.find(uri)?.refresh();
    // The report of a model of the cache lies beside the result, where the panel does not look for it.
    if (hubCacheFolder(uri.fsPath) !== undefined) this.panel.addMeasurement(uri, report);
    await this.panel.reveal(uri);
    this.host.log.info(`${title}: ${report.conclusion}`);
    void this.announce(report);
    return report;
  }

  /** The outcome in a sentence, with the new file one click away. */
  private async announce(report: OptimizationReport): Promise<void> {
    const winner = report.variants.find((variant) => variant.id === report.winner);
    const open = t('Open Variant');
    const choice = winner?.path === undefined ? await vscode.window.showInformationMessage(report.conclusion) : await vscode.window.showInformationMessage(report.conclusion, open);
    if (choice === open && winner?.path !== undefined) await vscode.commands.executeCommand('modelLathe.openModelView', vscode.Uri.file(winner.path));
  }
}

/** What was made, with the new file one click away. */
async function offerOpening({ path: made, inlined, kept, notCompared }: InlinedCopy): Promise<void> {
  const calls = inlined.reduce((sum, one) => sum + one.calls, 0);
  const [left] = kept;
  const sentences = [
    calls === 1 ? t('1 call inlined in {0}.', path.basename(made)) : t('{0} calls inlined in {1}.', calls, path.basename(made)),
    notCompared === undefined ? t('Its outputs are those of the source bit for bit.') : t('Its outputs were not compared: {0}.', notCompared),
    ...(left === undefined ? [] : [t('{0} is left: {1}', left.function, left.reason)]),
  ];
  const open = t('Open Copy');
  if ((await vscode.window.showInformationMessage(sentences.join(' '), open)) === open) await vscode.commands.executeCommand('modelLathe.openModelView', vscode.Uri.file(made));
}

/** Fixes may come with the shallow findings or the deep ones. @throws LatheError `not-found`. */
async function findFix(model: OpenModel, id: string): Promise<Fix> {
  const among = (): Fix | undefined => model.findings.flatMap((finding) => finding.fixes).find((fix) => fix.id === id);
  let fix = among();
  if (fix === undefined) {
    await model.load();
    fix = among();
  }
  if (fix === undefined) throw new LatheError('not-found', 'This fix is not offered any more.', { file: model.path, item: id, hint: 'The model has changed since; see its findings again.' });
  return fix;
}

function name(uri: vscode.Uri): string {
  return path.basename(uri.fsPath);
}
