// Two models as graphs side by side, in a panel of their own: tells the page what it shows, and does what the page asks.
import path from 'node:path';
import * as vscode from 'vscode';
import { toLatheError, type LatheError } from '../base/errors';
import type { FromCompareView, ToCompareView } from '../protocol/compareView';
import { sides, type GraphComparison, type PairMeasurement, type Side } from '../protocol/comparison';
import type { EngineRequests } from '../protocol/engine';
import { withDocuments } from './compareTexts';
import type { EngineClient } from './engineClient';
import { requireTrust, type Host } from './host';
import type { JobEvent } from './jobs';
import { graphPage, webviewOptions } from './modelEditor';
import type { ModelReference } from './models';
import type { ModelEvent } from './openModel';
import { t } from './translate';

export const compareViewType = 'modelLathe.compare';
/** Both files may change at once, as when a model is made anew. */
const settleMs = 100;

/** The open comparisons, one panel for each pair of models. */
export class ComparedGraphs {
  private readonly panels = new Map<string, ComparePanel>();

  constructor(private readonly host: Host) {}

  /** Shows two models side by side, or brings up the panel that does. @throws LatheError for models that are not on disk. */
  async show(before: vscode.Uri, after: vscode.Uri): Promise<ComparePanel> {
    const key = `${before.toString()}\n${after.toString()}`;
    let panel = this.panels.get(key);
    if (panel === undefined) {
      panel = new ComparePanel(this.host, { before, after });
      this.panels.set(key, panel);
      panel.onDidDispose(() => this.panels.delete(key));
    } else {
      panel.reveal();
    }
    return await Promise.resolve(panel);
  }

  all(): ComparePanel[] {
    return [...this.panels.values()];
  }
}

export class ComparePanel {
  /** The last state shown; stays when the engine dies. */
  comparison: GraphComparison | undefined;
  measurement: PairMeasurement | undefined;
  private readonly panel: vscode.WebviewPanel;
  private readonly references: Readonly<Record<Side, ModelReference>>;
  private readonly life: vscode.Disposable;
  /** Nothing is sent before the page listens. */
  private ready = false;
  private failure: LatheError | undefined;
  /** Grows when a model changes, so that an answer about an older one is dropped. */
  private version = 0;
  private comparing: { readonly version: number; readonly abort: AbortController } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: Host,
    private readonly uris: Readonly<Record<Side, vscode.Uri>>,
  ) {
    this.references = { before: host.models.acquire(uris.before), after: host.models.acquire(uris.after) };
    const { extensionUri } = host.context;
    this.panel = vscode.window.createWebviewPanel(compareViewType, `${this.name('before')} ↔ ${this.name('after')}`, vscode.ViewColumn.Active, webviewOptions(extensionUri));
    this.life = vscode.Disposable.from(
      this.panel.webview.onDidReceiveMessage((message: unknown) => void this.receive(message)),
      ...sides.map((side) => this.references[side].model.onDidChange((event) => this.modelChanged(side, event))),
      host.jobs.onDidChange((event) => this.jobChanged(event)),
      host.onEngineDied((error) => this.fail(error)),
    );
    this.panel.onDidDispose(() => this.dispose());
    this.panel.webview.html = graphPage(extensionUri, this.panel.webview, 'compareView');
  }

  get onDidDispose(): vscode.Event<void> {
    return this.panel.onDidDispose;
  }

  reveal(): void {
    this.panel.reveal();
  }

  private dispose(): void {
    clearTimeout(this.timer);
    this.version++;
    this.comparing?.abort.abort();
    this.life.dispose();
    for (const side of sides) this.references[side].dispose();
  }

  private name(side: Side): string {
    return path.basename(this.uris[side].fsPath);
  }

  private async receive(raw: unknown): Promise<void> {
    const { fromCompareView } = await import('../protocol/compareView');
    const message = fromCompareView.safeParse(raw);
    if (!message.success) {
      this.host.log.warn(`comparison: a message was refused: ${message.error.issues[0]?.message ?? 'unknown shape'}`);
      return;
    }
    try {
      await this.handle(message.data);
    } catch (thrown) {
      const error = toLatheError(thrown);
      if (error.code !== 'cancelled') this.send({ type: 'error', error: error.toJSON() });
    }
  }

  private async handle(message: FromCompareView): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.ready = true;
        await this.sendEverything();
        return;
      case 'measure':
        await this.measure();
        return;
      case 'texts':
        await vscode.commands.executeCommand('modelLathe.compareWith', this.uris.before, [this.uris.before, this.uris.after], 'structure');
        return;
      case 'openModel':
        await vscode.commands.executeCommand('modelLathe.revealLayer', this.uris[message.side].toString(), message.layer);
        return;
      case 'cancel':
        this.host.jobs.cancel(message.job);
        return;
      case 'restartEngine':
        await this.host.restartEngine();
        return;
      case 'showLog':
        this.host.log.show();
        return;
      default:
        message satisfies never;
    }
  }

  private async sendEverything(): Promise<void> {
    for (const job of this.host.jobs.all()) this.jobChanged({ type: 'busy', job });
    if (this.comparison === undefined) {
      await this.compare();
      return;
    }
    this.sendComparison(this.comparison);
    if (this.measurement !== undefined) this.send({ type: 'measured', measurement: this.measurement });
    if (this.failure !== undefined) this.fail(this.failure);
  }

  /** Has the engine compare the models as they are now; one that is under way for older ones is stopped. */
  private async compare(): Promise<void> {
    const { version } = this;
    if (this.comparing?.version === version) return;
    this.comparing?.abort.abort();
    const comparing = { version, abort: new AbortController() };
    this.comparing = comparing;
    try {
      const comparison = await this.host.jobs.run(t('Comparing {0} and {1}', this.name('before'), this.name('after')), this.uris.before, async ({ signal, progress }) => {
        progress({ message: t('Matching their nodes') });
        return await this.withBoth(async (engine, both) => await engine.request('model/compareGraphs', both, { signal: AbortSignal.any([signal, comparing.abort.signal]), progress }));
      });
      if (version !== this.version) return;
      if (comparison === undefined) this.cancelled();
      else this.show(comparison);
    } catch (thrown) {
      if (version === this.version) this.fail(toLatheError(thrown));
    } finally {
      if (this.comparing === comparing) this.comparing = undefined;
    }
  }

  private show(comparison: GraphComparison): void {
    this.comparison = comparison;
    this.measurement = undefined;
    this.failure = undefined;
    this.sendComparison(comparison);
  }

  /** A page takes the files of a comparison for there: which are not is told with it. */
  private sendComparison(comparison: GraphComparison): void {
    this.send({ type: 'comparison', comparison });
    for (const side of sides) if (this.references[side].model.gone) this.send({ type: 'gone', side });
  }

  /** The person stopped it: there is nothing to show, or only what was there before. */
  private cancelled(): void {
    if (this.comparison === undefined) this.panel.dispose();
    else this.send({ type: 'notice', message: t('The comparison was cancelled: what you see is from before the files changed.') });
  }

  /** Runs both. In a folder that is not trusted the person is asked, and told why nothing happens. */
  async measure(): Promise<void> {
    try {
      await requireTrust();
    } catch {
      this.send({ type: 'notice', message: t('This folder is not trusted: models can be viewed, not run.') });
      return;
    }
    const { version } = this;
    const measurement = await this.host.jobs.run(t('Measuring {0} and {1}', this.name('before'), this.name('after')), this.uris.before, async (context) => await this.withBoth(async (engine, both) => await engine.request('model/measurePairs', both, context)));
    if (measurement === undefined) return;
    if (version !== this.version) {
      this.send({ type: 'notice', message: t('A file changed while it was measured: measure again.') });
      return;
    }
    this.measurement = measurement;
    this.send({ type: 'measured', measurement });
  }

  /** Both models in the engine, at the dimensions chosen for the first. */
  private async withBoth<T>(work: (engine: EngineClient, both: EngineRequests['model/compareGraphs']['params']) => Promise<T>): Promise<T> {
    const { before, after } = this.references;
    return await withDocuments(before.model, after.model, async (engine, one, other) => await work(engine, { before: one, after: other, bindings: before.model.bindings }));
  }

  private modelChanged(side: Side, event: ModelEvent): void {
    switch (event.type) {
      case 'text':
        this.version++;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.compare(), settleMs);
        return;
      case 'gone':
        this.send({ type: 'gone', side });
        return;
      case 'selected':
        if (event.from !== this) this.send({ type: 'select', side, layer: event.layer });
        return;
      case 'snapshot':
      case 'findings':
      case 'profile':
      case 'failed':
        return;
      default:
        event satisfies never;
    }
  }

  private jobChanged({ type, job }: JobEvent): void {
    if (!sides.some((side) => this.uris[side].toString() === job.model.toString())) return;
    if (type === 'idle') this.send({ type: 'idle', job: job.id });
    else this.send({ type: 'busy', job: job.id, title: job.title, message: job.message, ...(job.fraction === undefined ? {} : { fraction: job.fraction }) });
  }

  private fail(error: LatheError): void {
    if (error.code === 'cancelled') return;
    this.failure = error;
    if (error.code === 'engine-died') this.send({ type: 'engineDied', message: error.message });
    else this.send({ type: 'error', error: error.toJSON() });
  }

  private send(message: ToCompareView): void {
    if (this.ready) void this.panel.webview.postMessage(message);
  }
}
