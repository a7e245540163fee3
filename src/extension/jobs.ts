// Long work as the person sees it: a cancellable notification with steps and time left, one status bar item, and a word to every view.
import * as vscode from 'vscode';
import type { WorkContext } from '../base/cancellation';
import { toLatheError } from '../base/errors';
import { remainingPhrase } from './remaining';
import { t } from './translate';

export interface JobState {
  readonly id: string;
  readonly title: string;
  /** The model concerned. */
  readonly model: vscode.Uri;
  readonly message: string;
  readonly fraction?: number;
}

export type JobEvent = { readonly type: 'busy'; readonly job: JobState } | { readonly type: 'idle'; readonly job: JobState };

export class Jobs implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<JobEvent>();
  readonly onDidChange = this.changes.event;
  private readonly running = new Map<string, { state: JobState; readonly abort: AbortController }>();
  private status: vscode.StatusBarItem | undefined;
  private nextId = 1;

  constructor(private readonly log: vscode.LogOutputChannel) {}

  /** States of the running jobs, oldest first. */
  all(): JobState[] {
    return [...this.running.values()].map((entry) => entry.state);
  }

  /**
   * Runs `work`; undefined when the person cancelled it.
   * @throws LatheError whatever else `work` throws.
   */
  async run<T>(title: string, model: vscode.Uri, work: (context: WorkContext) => Promise<T>): Promise<T | undefined> {
    const id = `job-${this.nextId++}`;
    const abort = new AbortController();
    const state: JobState = { id, title, model, message: t('Starting') };
    this.running.set(id, { state, abort });
    this.tell(state);
    this.log.info(`${title}: started`);
    const begun = Date.now();
    try {
      return await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (notification, token) => {
        const subscription = token.onCancellationRequested(() => abort.abort());
        let shown = 0;
        const progress: WorkContext['progress'] = ({ message, fraction }) => {
          const left = remainingPhrase(fraction, Date.now() - begun);
          const line = left === undefined ? message : `${message} · ${left}`;
          const increment = fraction === undefined ? 0 : Math.max(0, fraction * 100 - shown);
          shown += increment;
          notification.report({ message: line, increment });
          this.tell({ ...state, message: line, ...(fraction === undefined ? {} : { fraction }) });
        };
        try {
          return await work({ signal: abort.signal, progress });
        } finally {
          subscription.dispose();
        }
      });
    } catch (thrown) {
      const error = toLatheError(thrown, model.fsPath);
      if (error.code === 'cancelled') {
        this.log.info(`${title}: cancelled`);
        return undefined;
      }
      throw error;
    } finally {
      this.running.delete(id);
      this.changes.fire({ type: 'idle', job: state });
      this.showStatus();
      this.log.info(`${title}: ended after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    }
  }

  /** Cancels one job, or the newest. */
  cancel(id?: string): void {
    const entry = id === undefined ? [...this.running.values()].at(-1) : this.running.get(id);
    entry?.abort.abort();
  }

  dispose(): void {
    for (const { abort } of this.running.values()) abort.abort();
    this.status?.dispose();
    this.changes.dispose();
  }

  private tell(state: JobState): void {
    const entry = this.running.get(state.id);
    if (entry === undefined) return;
    entry.state = state;
    this.changes.fire({ type: 'busy', job: state });
    this.showStatus();
  }

  private showStatus(): void {
    const newest = this.all().at(-1);
    void vscode.commands.executeCommand('setContext', 'modelLathe.working', newest !== undefined);
    if (newest === undefined) {
      this.status?.hide();
      return;
    }
    this.status ??= vscode.window.createStatusBarItem('modelLathe.job', vscode.StatusBarAlignment.Left);
    this.status.name = t('Model Lathe Job');
    this.status.text = `$(loading~spin) ${newest.title}`;
    this.status.tooltip = t('{0}. Click to see the log.', newest.message);
    this.status.command = 'modelLathe.showLog';
    this.status.show();
  }
}
