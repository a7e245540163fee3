// The side panel: every optimization and benchmark of the active model, newest first.
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import type { OptimizationReport } from '../protocol/report';
import type { FromBenchmarkView, ToBenchmarkView } from '../protocol/view';
import type { Host } from './host';
import type { JobEvent } from './jobs';
import { webviewOptions } from './modelEditor';
import { pageHtml } from './page';
import { t } from './translate';

const viewId = 'modelLathe.benchmarks';
/** Benchmarks without a report file, kept per model while the window is open. */
const keptMeasurements = 20;

export class BenchmarkView implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private ready = false;
  private readonly measured = new Map<string, OptimizationReport[]>();
  private readonly life: vscode.Disposable;
  /** What was last shown, for tests and for *Open Report*. */
  shown: { readonly model: string | null; readonly reports: readonly OptimizationReport[] } = { model: null, reports: [] };

  constructor(private readonly host: Host) {
    this.life = vscode.Disposable.from(
      vscode.window.registerWebviewViewProvider(viewId, this),
      host.active.onDidChange(() => void this.refresh()),
      host.jobs.onDidChange((event) => this.jobChanged(event)),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { extensionUri } = this.host.context;
    const asset = (...parts: string[]): string => view.webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, ...parts)).toString();
    this.view = view;
    this.ready = false;
    view.webview.options = webviewOptions(extensionUri);
    view.webview.onDidReceiveMessage((message: unknown) => void this.receive(message));
    view.onDidDispose(() => {
      this.view = undefined;
      this.ready = false;
    });
    view.webview.html = pageHtml({
      cspSource: view.webview.cspSource,
      title: t('Benchmarks'),
      script: asset('dist', 'benchmarkView.js'),
      style: asset('media', 'benchmarkView.css'),
      data: new Map(),
      language: vscode.env.language,
    });
  }

  /** Brings the panel up with a model's reports, leaving the keyboard where it is. */
  async reveal(model: vscode.Uri): Promise<void> {
    this.host.active.show(model);
    if (this.view === undefined) await vscode.commands.executeCommand(`${viewId}.focus`, { preserveFocus: true });
    else this.view.show(true);
    await this.refresh();
  }

  /** Adds a measurement that has no report file. */
  addMeasurement(model: vscode.Uri, report: OptimizationReport): void {
    const key = model.toString();
    this.measured.set(key, [report, ...(this.measured.get(key) ?? [])].slice(0, keptMeasurements));
  }

  /** Reads the reports beside the active model again and shows them. */
  async refresh(): Promise<void> {
    const model = this.host.active.model;
    if (model === undefined) {
      this.show(null, []);
      return;
    }
    try {
      const engine = await this.host.engine();
      const written = await engine.request('reports/list', { path: model.path });
      if (this.host.active.model !== model) return;
      const all = [...(this.measured.get(model.uri.toString()) ?? []), ...written];
      all.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
      this.show(model.path, all);
    } catch (thrown) {
      const error = toLatheError(thrown, model.path);
      this.host.log.warn(`reports of ${model.path}: ${error.message}`);
      this.send({ type: 'error', error: error.toJSON() });
    }
  }

  dispose(): void {
    this.life.dispose();
  }

  private show(model: string | null, reports: readonly OptimizationReport[]): void {
    this.shown = { model, reports };
    this.send({ type: 'reports', model, reports });
  }

  private async receive(raw: unknown): Promise<void> {
    const { fromBenchmarkView } = await import('../protocol/view');
    const message = fromBenchmarkView.safeParse(raw);
    if (!message.success) {
      this.host.log.warn(`benchmark view: a message was refused: ${message.error.issues[0]?.message ?? 'unknown shape'}`);
      return;
    }
    try {
      await this.handle(message.data);
    } catch (thrown) {
      this.send({ type: 'error', error: toLatheError(thrown).toJSON() });
    }
  }

  private async handle(message: FromBenchmarkView): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.ready = true;
        await this.refresh();
        for (const job of this.host.jobs.all()) this.jobChanged({ type: 'busy', job });
        return;
      case 'openModel':
        // The page may open what its reports name, and nothing else.
        if (this.paths().has(message.path)) await vscode.commands.executeCommand('modelLathe.openModelView', vscode.Uri.file(message.path));
        return;
      case 'openReport':
        if (this.paths().has(message.path)) await vscode.commands.executeCommand('modelLathe.openReport', vscode.Uri.file(message.path));
        return;
      case 'compareGraphs':
        if (this.paths().has(message.source) && this.paths().has(message.variant)) await vscode.commands.executeCommand('modelLathe.compareGraphs', vscode.Uri.file(message.source), vscode.Uri.file(message.variant));
        return;
      case 'cancel':
        this.host.jobs.cancel(message.job);
        return;
      case 'optimize':
        await vscode.commands.executeCommand('modelLathe.optimize', this.host.active.model?.uri);
        return;
      default:
        message satisfies never;
    }
  }

  private paths(): Set<string> {
    const paths = new Set<string>();
    for (const report of this.shown.reports) {
      const named = [report.source.path, report.recipePath, report.reportPath, ...report.variants.map((variant) => variant.path)];
      for (const path of named) if (path !== undefined) paths.add(path);
    }
    return paths;
  }

  private jobChanged({ type, job }: JobEvent): void {
    if (type === 'idle') this.send({ type: 'idle', job: job.id });
    else this.send({ type: 'busy', job: job.id, title: job.title, message: job.message, ...(job.fraction === undefined ? {} : { fraction: job.fraction }) });
  }

  private send(message: ToBenchmarkView): void {
    if (this.ready) void this.view?.webview.postMessage(message);
  }
}
