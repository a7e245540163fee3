// The extension's entry: wires VS Code to the parts, each of which says in its first line what it is for.
import * as vscode from 'vscode';
import { BenchmarkView } from './benchmarkView';
import { registerCodeActions } from './codeActions';
import { registerCommands } from './commands';
import type { ComparedGraphs } from './comparePanel';
import { ComparedTexts } from './compareTexts';
import { registerDecorations } from './decorations';
import { Diagnostics } from './diagnostics';
import { registerFixLenses } from './fixLenses';
import { Host } from './host';
import { registerLanguageTools } from './languageTools';
import { registerLayersView } from './layersView';
import { registerModelEditor } from './modelEditor';
import { registerReportDocuments } from './reportDocuments';
import { onSettingsChanged } from './settings';
import { registerInlineActions } from './inlineActions';
import { registerTextFeatures } from './textFeatures';
import { registerTextFixes } from './textFixes';
import { TextProblems } from './textProblems';
import { registerTextProvider } from './textProvider';
import { registerTfjsModels } from './tfjsModels';
import { TextReader } from './textReader';
import { registerTextWords } from './textWords';
import { useTranslation } from './translate';
import type { Work } from './work';

/** What tests in a real editor reach in by. */
export interface Api {
  readonly host: Host;
  readonly panel: BenchmarkView;
  readonly graphs: () => Promise<ComparedGraphs>;
  /** Milliseconds that activation took. */
  readonly activationMs: number;
}

export function activate(context: vscode.ExtensionContext): Api {
  const begun = performance.now();
  useTranslation((message, ...values) => vscode.l10n.t(message, ...values));
  const log = vscode.window.createOutputChannel('Model Lathe', { log: true });
  const host = new Host(context, log);
  const panel = new BenchmarkView(host);
  const reader = new TextReader(host);
  const diagnostics = new Diagnostics(host, reader);
  const compared = new ComparedTexts(host);
  let work: Promise<Work> | undefined;
  const workOnDemand = async (): Promise<Work> => await (work ??= import('./work').then((module) => new module.Work(host, panel)));
  let graphs: Promise<ComparedGraphs> | undefined;
  const graphsOnDemand = async (): Promise<ComparedGraphs> => await (graphs ??= import('./comparePanel').then((module) => new module.ComparedGraphs(host)));
  context.subscriptions.push(
    log,
    host,
    panel,
    diagnostics,
    registerModelEditor(host),
    registerTfjsModels(),
    registerTextProvider(host),
    compared,
    registerFixLenses(diagnostics), // before the costs: VS Code shows the lens registered last first
    reader,
    registerTextFeatures(host, reader),
    registerTextWords(reader),
    new TextProblems(reader),
    registerCodeActions(diagnostics),
    registerInlineActions(host, reader),
    registerTextFixes(reader),
    registerLayersView(host),
    registerDecorations(host),
    registerReportDocuments(host),
    registerCommands({ host, panel, diagnostics, compared, graphs: graphsOnDemand, work: workOnDemand }),
    registerLanguageTools(host, workOnDemand),
    onSettingsChanged(() => void host.settingsChanged()),
  );
  const activationMs = performance.now() - begun;
  log.info(`activated in ${activationMs.toFixed(1)} ms`);
  return { host, panel, graphs: graphsOnDemand, activationMs };
}
