// Every command of the extension, in one table.
import path from 'node:path';
import * as vscode from 'vscode';
import { LatheError } from '../base/errors';
import { isJsonPath, onlyOnnxYet } from '../base/notYet';
import { isModelView, viewTypeOf } from './activeModel';
import type { BenchmarkView } from './benchmarkView';
import type { CommandArguments } from './commandArguments';
import { commandNames, type CommandName } from './commandNames';
import type { Diagnostics } from './diagnostics';
import type { ComparedGraphs } from './comparePanel';
import { comparedIn, type ComparedTexts } from './compareTexts';
import { chooseFix } from './fixLenses';
import type { Host } from './host';
import { showError } from './notices';
import { assertOnDisk } from './openModel';
import { reportUri } from './reportDocuments';
import { compareScheme } from './textUri';
import { modelUri, textUri } from './textUris';
import { t } from './translate';
import type { Work } from './work';

/** What commands reach; `work` and `graphs` are loaded when a command first needs them. */
export interface CommandContext {
  readonly host: Host;
  readonly panel: BenchmarkView;
  readonly diagnostics: Diagnostics;
  readonly compared: ComparedTexts;
  readonly graphs: () => Promise<ComparedGraphs>;
  readonly work: () => Promise<Work>;
}

type Commands = { readonly [N in CommandName]: (context: CommandContext, call: CommandArguments[N]) => Promise<unknown> };

const commands: Commands = {
  openModelView: async (context, { target }) => {
    const uri = await modelOf(context, target, true);
    if (uri !== undefined) await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
  },
  optimize: async (context, { target }) => await onModel(context, target, async (uri) => await (await context.work()).optimize(uri)),
  profile: async (context, { target }) => await onModel(context, target, async (uri) => await (await context.work()).profile(uri)),
  benchmark: async (context, { target }) => await onModel(context, target, async (uri) => await (await context.work()).benchmark(uri)),
  compareWith: async (context, { target, selected, how }) => await compareWith(context, target, selected ?? [], how),
  compareGraphs: async (context, { target, other }) => await compareGraphs(context, target, other),
  showText: async (context, { target, layer }) => await onModel(context, target, async (uri) => await showText(context, uri, layer)),
  editCopy: async (context, { target }) => await onOnnx(context, target, 'edited as a copy', async (uri) => await (await context.work()).editCopy(uri)),
  inlineFunctions: async (context, { target, function: name }) => await onOnnx(context, target, 'inlined', async (uri) => await (await context.work()).inlineFunctions(uri, name)),
  saveAsOnnx: async (context, { target }) => await onModel(context, target ?? activeJson(), async (uri) => await (await import('./saveAsOnnx')).saveAsOnnx(context.host, uri)),
  showFindings: async (context, { target }) => await onModel(context, target, async (uri) => await showFindings(context, uri)),
  applyFix: async (context, { target, fix }) => await onModel(context, target, async (uri) => await (await context.work()).applyFix(uri, fix)),
  chooseFix: async (context, { target, line }) => await fixOnLine(context, target, line),
  revealLayer: async (context, { target, layer }) =>
    await onModel(context, target, async (uri) => {
      await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri));
      if (layer !== undefined) context.host.models.find(uri)?.select(layer, undefined);
    }),
  runRecipe: async (context, { target }) => {
    const uri = await recipeOf(target);
    return uri === undefined ? undefined : await (await context.work()).runRecipe(uri);
  },
  openReport: async (context, { target }) => await openReport(context, target),
  cancelJob: async ({ host }, { job }) => {
    host.jobs.cancel(job);
    await Promise.resolve();
  },
  restartEngine: async ({ host }) => await host.restartEngine(),
  showLog: async ({ host }) => {
    host.log.show();
    await Promise.resolve();
  },
  openWalkthrough: async ({ host }) => await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${host.context.extension.id}#start`),
};

export function registerCommands(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(
    ...commandNames.map((name) =>
      vscode.commands.registerCommand(`modelLathe.${name}`, async (...parameters: unknown[]) => {
        try {
          return await call(name, commands[name], context, parameters);
        } catch (thrown) {
          void showError(thrown, context.host.log);
          return undefined;
        }
      }),
    ),
  );
}

/** Menus hand over VS Code's own URIs, links text: a command is given text that its schema has passed. */
async function call<N extends CommandName>(name: N, run: Commands[N], context: CommandContext, parameters: readonly unknown[]): Promise<unknown> {
  const { parseArguments } = await import('./commandArguments');
  const [place] = parameters;
  const fromMenu = place instanceof vscode.Uri;
  // The text of two models is of no one file: what may be done with it is up to the command's schema.
  if (fromMenu && place.scheme !== compareScheme) assertOnDisk(modelUri(place) ?? place);
  const plain = (value: unknown): unknown => (value instanceof vscode.Uri ? value.toString() : value);
  const given = parameters.map((value) => (Array.isArray(value) ? value.map(plain) : plain(value)));
  return await run(context, parseArguments(name, given, fromMenu));
}

async function onModel(context: CommandContext, target: string | undefined, run: (uri: vscode.Uri) => Promise<unknown>): Promise<unknown> {
  const uri = await modelOf(context, target, false);
  return uri === undefined ? undefined : await run(uri);
}

/** Like {@link onModel}, for what TensorFlow.js models cannot have yet: said before anything is asked. @throws LatheError `unsupported` */
async function onOnnx(context: CommandContext, target: string | undefined, done: string, run: (uri: vscode.Uri) => Promise<unknown>): Promise<unknown> {
  return await onModel(context, target, async (uri) => {
    if (isJsonPath(uri.path)) throw onlyOnnxYet(done, uri.fsPath);
    return await run(uri);
  });
}

/** The model a command is about: the one named, else the active one, else one the person picks. */
async function modelOf(context: CommandContext, target: string | undefined, ask: boolean): Promise<vscode.Uri | undefined> {
  if (target !== undefined) {
    const named = uriOf(target);
    return modelUri(named) ?? named;
  }
  const active = context.host.active.model?.uri;
  if (active !== undefined && !ask) return active;
  const text = vscode.window.activeTextEditor?.document.uri;
  const ofText = text === undefined ? undefined : modelUri(text);
  return ofText ?? (await askForModel(t('Open Model'), ['onnx', 'json']));
}

/** The JSON in the text editor that has the focus, which may be a TensorFlow.js model. */
function activeJson(): string | undefined {
  const text = vscode.window.activeTextEditor?.document.uri;
  return text?.scheme === 'file' && isJsonPath(text.path) ? text.toString() : undefined;
}

/** @throws LatheError `usage` for text that is no address. */
function uriOf(text: string): vscode.Uri {
  try {
    return vscode.Uri.parse(text, true);
  } catch (thrown) {
    throw new LatheError('usage', `This is not the address of a file: ${text.slice(0, 200)}`, { cause: thrown });
  }
}

async function askForModel(openLabel: string, extensions: string[], beside?: vscode.Uri): Promise<vscode.Uri | undefined> {
  const folder = beside === undefined ? vscode.workspace.workspaceFolders?.[0]?.uri : vscode.Uri.joinPath(beside, '..');
  const chosen = await vscode.window.showOpenDialog({ canSelectMany: false, openLabel, filters: { [t('Models')]: extensions }, ...(folder === undefined ? {} : { defaultUri: folder }) });
  return chosen?.[0];
}

/** Two models: named in the explorer's selection, or the second one picked; measured against each other or laid side by side as text. */
async function compareWith(context: CommandContext, target: string | undefined, selected: readonly string[], how: CommandArguments['compareWith']['how']): Promise<unknown> {
  const source = await modelOf(context, target, false);
  if (source === undefined) return undefined;
  // What runs can be measured; graphs and texts are ONNX's.
  const only = isJsonPath(source.path) ? ('measurement' as const) : undefined;
  if (only !== undefined && (how ?? only) !== only) throw onlyOnnxYet('laid beside another', source.fsPath);
  const others = selected.map(uriOf).filter((uri) => uri.toString() !== source.toString() && uri.path.endsWith('.onnx'));
  const other = others[0] ?? (await askForModel(t('Compare'), ['onnx'], source));
  if (other === undefined) return undefined;
  const chosen = how ?? only ?? (await askHow(source, other));
  if (chosen === 'measurement') return await (await context.work()).benchmark(source, other);
  if (chosen === 'structure') await context.compared.show(source, other);
  if (chosen === 'graphs') await (await context.graphs()).show(source, other);
  return undefined;
}

/** Both graphs side by side: of two models named, or of the text that compares them. */
async function compareGraphs(context: CommandContext, target: string | undefined, other: string | undefined): Promise<unknown> {
  const named = target === undefined ? comparedTab() : uriOf(target);
  if (named?.scheme !== compareScheme) return await compareWith(context, target, other === undefined ? [] : [other], 'graphs');
  const { before, after } = comparedIn(named);
  for (const uri of [uriOf(before), uriOf(after)]) assertOnDisk(uri);
  await (await context.graphs()).show(uriOf(before), uriOf(after));
  return undefined;
}

/** The text of a comparison in the editor that has the focus. */
function comparedTab(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff && input.modified.scheme === compareScheme ? input.modified : undefined;
}

async function askHow(source: vscode.Uri, other: vscode.Uri): Promise<CommandArguments['compareWith']['how']> {
  const title = t('Compare {0} with {1}', path.basename(source.fsPath), path.basename(other.fsPath));
  const choice = await vscode.window.showQuickPick(
    [
      { label: t('Latency and outputs'), detail: t('Runs both, interleaved, and compares what they answer.'), how: 'measurement' as const },
      { label: t('Graphs'), detail: t('Both side by side under one selection, with what differs in each node: parameters, MACs, milliseconds, error.'), how: 'graphs' as const },
      { label: t('Structure as text'), detail: t('Both as text in the diff editor; nodes that belong together are matched.'), how: 'structure' as const },
    ],
    { title },
  );
  return choice?.how;
}

/** The model's text beside the graph, at a layer's line if one is named. A TensorFlow.js model is a text itself. */
async function showText({ host }: CommandContext, uri: vscode.Uri, layer: string | undefined): Promise<void> {
  const viewColumn = isModelView(vscode.window.tabGroups.activeTabGroup.activeTab?.input) ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
  if (isJsonPath(uri.path)) {
    const [place] = layer === undefined ? [] : await host.models.use(uri, async (model) => await model.jsonPlaces([layer]));
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { viewColumn, ...(place === undefined ? {} : { selection: place.range }) });
    return;
  }
  const text = await host.models.use(uri, async (model) => await model.text());
  const line = layer === undefined ? undefined : text.nodes.find((node) => node.key === layer)?.line;
  const document = await vscode.workspace.openTextDocument(textUri(uri));
  await vscode.window.showTextDocument(document, {
    viewColumn,
    ...(line === undefined ? {} : { selection: new vscode.Range(line, 0, line, 0) }),
  });
}

/** The text at the costliest finding, where the lightbulb is; Problems beside it. */
async function showFindings(context: CommandContext, uri: vscode.Uri): Promise<void> {
  const model = await context.host.models.use(uri, async (one) => {
    await one.load();
    return one;
  });
  const { compareFindings } = await import('./findingLines');
  const [first] = [...model.findings].sort(compareFindings);
  await showText(context, uri, first?.layer);
  await vscode.commands.executeCommand('workbench.panel.markers.view.focus');
}

/** The fixes of a line, the cursor's unless one is named; the chosen one runs. */
async function fixOnLine(context: CommandContext, target: string | undefined, line: number | undefined): Promise<unknown> {
  const editor = vscode.window.activeTextEditor;
  const text = target === undefined ? editor?.document.uri : uriOf(target);
  const model = text === undefined ? undefined : modelUri(text);
  if (text === undefined || model === undefined) return undefined;
  const fix = await chooseFix(context.diagnostics, text, line ?? editor?.selection.active.line ?? 0);
  return fix === undefined ? undefined : await (await context.work()).applyFix(model, fix.id);
}

async function recipeOf(target: string | undefined): Promise<vscode.Uri | undefined> {
  const named = target === undefined ? vscode.window.activeTextEditor?.document.uri : uriOf(target);
  if (named?.path.endsWith('.lathe.json') === true) return named;
  const chosen = await vscode.window.showOpenDialog({ canSelectMany: false, openLabel: t('Run Recipe'), filters: { [t('Recipes')]: ['json'] } });
  return chosen?.[0];
}

/** A report named, or the newest of the active model, for a person to read. */
async function openReport({ panel }: CommandContext, target: string | undefined): Promise<void> {
  const newest = panel.shown.reports.find((report) => report.reportPath !== undefined)?.reportPath;
  const uri = target === undefined ? newest === undefined ? undefined : vscode.Uri.file(newest) : uriOf(target);
  if (uri === undefined) await vscode.window.showInformationMessage(t('There is no report yet: optimize a model first.'));
  else await vscode.commands.executeCommand('markdown.showPreview', reportUri(uri));
}
