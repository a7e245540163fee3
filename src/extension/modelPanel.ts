// One model view: sends the page what it shows, and does what the page asks, after checking that it may ask that.
import * as vscode from 'vscode';
import { LatheError, toLatheError } from '../base/errors';
import type { FromModelView, ToModelView } from '../protocol/view';
import type { Host } from './host';
import type { JobEvent } from './jobs';
import type { ModelEvent, OpenModel } from './openModel';

export class ModelPanel implements vscode.Disposable {
  private readonly life: vscode.Disposable;
  /** Nothing is sent before the page listens. */
  private ready = false;
  /** The benchmark in the page that models are sent for. Another object for each request: a page that is loaded anew counts its runs from the beginning. */
  private pageRun: { readonly run: number } | undefined;

  constructor(
    private readonly host: Host,
    private readonly model: OpenModel,
    private readonly panel: vscode.WebviewPanel,
  ) {
    this.life = vscode.Disposable.from(
      panel.webview.onDidReceiveMessage((message: unknown) => void this.receive(message)),
      model.onDidChange((event) => this.modelChanged(event)),
      host.jobs.onDidChange((event) => this.jobChanged(event)),
    );
  }

  dispose(): void {
    this.pageRun = undefined;
    this.life.dispose();
  }

  private async receive(raw: unknown): Promise<void> {
    const { fromModelView } = await import('../protocol/view');
    const message = fromModelView.safeParse(raw);
    if (!message.success) {
      this.host.log.warn(`model view: a message was refused: ${message.error.issues[0]?.message ?? 'unknown shape'}`);
      return;
    }
    try {
      await this.handle(message.data);
    } catch (thrown) {
      const error = toLatheError(thrown, this.model.path);
      if (error.code !== 'cancelled') this.send({ type: 'error', error: error.toJSON() });
    }
  }

  private async handle(message: FromModelView): Promise<void> {
    const { model, host } = this;
    switch (message.type) {
      case 'ready':
        this.ready = true;
        this.sendEverything();
        return;
      case 'detail':
        this.send({ type: 'detail', detail: await model.detail(message.layer) });
        return;
      case 'selected':
        model.select(message.layer, this);
        return;
      case 'bind':
        model.setBindings(message.bindings);
        return;
      case 'profile':
        await vscode.commands.executeCommand('modelLathe.profile', model.uri);
        return;
      case 'optimize':
        await vscode.commands.executeCommand('modelLathe.optimize', model.uri);
        return;
      case 'fix':
        if (!model.findings.some((finding) => finding.fixes.some((fix) => fix.id === message.fix))) throw new LatheError('not-found', 'This fix is not offered any more.', { item: message.fix });
        await vscode.commands.executeCommand('modelLathe.applyFix', model.uri.toString(), message.fix);
        return;
      case 'inline':
        await vscode.commands.executeCommand('modelLathe.inlineFunctions', model.uri, message.function);
        return;
      case 'saveAsOnnx':
        await vscode.commands.executeCommand('modelLathe.saveAsOnnx', model.uri);
        return;
      case 'pageModels':
        await this.sendPageModels(message.run);
        return;
      case 'pageEnded':
        if (this.pageRun?.run === message.run) this.pageRun = undefined;
        return;
      case 'openText':
        await vscode.commands.executeCommand('modelLathe.showText', model.uri, message.layer);
        return;
      case 'cancel':
        host.jobs.cancel(message.job);
        return;
      case 'restartEngine':
        await host.restartEngine();
        return;
      case 'showLog':
        host.log.show();
        return;
      default:
        message satisfies never;
    }
  }

  /** Hands the page the models to benchmark there; a run that the page gave up is not sent on. */
  private async sendPageModels(run: number): Promise<void> {
    const request = { run };
    this.pageRun = request;
    try {
      const { sendPageModels } = await import('./pageModels');
      await sendPageModels(this.model, run, async (message) => this.pageRun === request && (await this.panel.webview.postMessage(message)));
    } catch (thrown) {
      if (this.pageRun === request) this.send({ type: 'pageFailed', run, error: toLatheError(thrown, this.model.path).toJSON() });
    }
  }

  private sendEverything(): void {
    const { model } = this;
    if (model.snapshot !== undefined) {
      this.send({ type: 'snapshot', snapshot: model.snapshot });
      if (model.deep) this.send({ type: 'findings', findings: model.findings, deep: true });
    }
    if (model.selected !== undefined) this.send({ type: 'select', layer: model.selected });
    for (const job of this.host.jobs.all()) this.jobChanged({ type: 'busy', job });
    if (model.gone) this.send({ type: 'gone' });
    if (model.snapshot === undefined) model.loadInBackground(); // told by event, as is a failure
    else if (model.failure !== undefined) this.sendFailure(model.failure);
  }

  private modelChanged(event: ModelEvent): void {
    switch (event.type) {
      case 'snapshot':
        this.send({ type: 'snapshot', snapshot: event.snapshot });
        return;
      case 'findings':
        if (event.deep) this.send({ type: 'findings', findings: event.findings, deep: true }); // the snapshot holds the others
        return;
      case 'profile':
        this.send({ type: 'profile', profile: event.profile });
        return;
      case 'selected':
        if (event.from !== this) this.send({ type: 'select', layer: event.layer });
        return;
      case 'gone':
        this.send({ type: 'gone' });
        return;
      case 'failed':
        this.sendFailure(event.error);
        return;
      case 'text':
        return;
      default:
        event satisfies never;
    }
  }

  private jobChanged(event: JobEvent): void {
    const { job } = event;
    if (job.model.toString() !== this.model.uri.toString()) return;
    if (event.type === 'idle') this.send({ type: 'idle', job: job.id });
    else this.send({ type: 'busy', job: job.id, message: job.message, ...(job.fraction === undefined ? {} : { fraction: job.fraction }) });
  }

  private sendFailure(error: LatheError): void {
    if (error.code === 'engine-died') this.send({ type: 'engineDied', message: error.message });
    else this.send({ type: 'error', error: error.toJSON() });
  }

  private send(message: ToModelView): void {
    // A page that is gone by now answers false; it asks again when it is shown.
    if (this.ready) void this.panel.webview.postMessage(message);
  }
}
