// What every part of the extension shares: the log, the engine (started when first needed), the open models, the running jobs.
import * as vscode from 'vscode';
import { LatheError } from '../base/errors';
import { ActiveModel } from './activeModel';
import type { EngineClient } from './engineClient';
import { askCacheLinks } from './hubCache';
import { Jobs } from './jobs';
import { Models } from './models';
import { readEngineSettings } from './settings';
import { t } from './translate';

export class Host implements vscode.Disposable {
  readonly models: Models;
  readonly jobs: Jobs;
  readonly active: ActiveModel;
  private client: Promise<EngineClient> | undefined;
  private started: EngineClient | undefined;
  private readonly deaths = new vscode.EventEmitter<LatheError>();
  readonly onEngineDied = this.deaths.event;

  constructor(
    readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
  ) {
    this.models = new Models(this.engine, askCacheLinks);
    this.jobs = new Jobs(log);
    this.active = new ActiveModel(this.models);
  }

  /** The engine's client; its modules and its process cost nothing before the first call. */
  readonly engine = async (): Promise<EngineClient> => {
    this.client ??= this.connect();
    return await this.client;
  };

  async restartEngine(): Promise<void> {
    const client = await this.engine();
    client.restart();
    this.models.reloadAll();
  }

  async settingsChanged(): Promise<void> {
    if (this.started === undefined) return;
    await this.started.configure(readEngineSettings());
    this.models.reloadAll();
  }

  dispose(): void {
    this.active.dispose();
    this.models.dispose();
    this.jobs.dispose();
    this.deaths.dispose();
    this.started?.dispose();
  }

  private async connect(): Promise<EngineClient> {
    const { EngineClient } = await import('./engineClient');
    const client = new EngineClient({
      script: vscode.Uri.joinPath(this.context.extensionUri, 'dist', 'engine.js').fsPath,
      settings: readEngineSettings(),
      log: this.log,
      onDied: (error) => {
        this.models.engineDied(error);
        this.deaths.fire(error);
      },
      onOverBudget: async ({ what, elapsedMs }) => {
        const wait = t('Wait');
        const choice = await vscode.window.showWarningMessage(t('{0} takes longer than it ought to ({1} s so far).', what, Math.round(elapsedMs / 1000)), wait, t('Stop'));
        return choice === wait ? 'wait' : 'stop';
      },
      onRunnerState: (state) => {
        if (state.state === 'ok') this.log.info(state.message);
        else this.log.warn(state.message);
      },
    });
    this.started = client;
    return client;
  }
}

/** Running and rewriting need trust. Asks for it, and says why. @throws LatheError `cancelled` where it is not given. */
export async function requireTrust(): Promise<void> {
  const trusted = (): boolean => vscode.workspace.isTrusted;
  if (trusted()) return;
  const manage = t('Manage Trust');
  const choice = await vscode.window.showWarningMessage(t('This folder is not trusted.'), { modal: true, detail: t('Models can be viewed. Running a model or writing a new one needs a trusted folder.') }, manage);
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  if (!trusted()) throw new LatheError('cancelled', 'The folder is not trusted.');
}
