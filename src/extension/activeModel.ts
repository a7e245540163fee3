// Which model the side views speak of: the one in the active editor, else the last one that is still open.
import * as vscode from 'vscode';
import { isJsonPath } from '../base/notYet';
import type { ModelReference, Models } from './models';
import type { OpenModel } from './openModel';
import { modelUri } from './textUris';

export const modelViewType = 'modelLathe.model';
/** The same view for model.json: a type of its own, as VS Code asks for one per priority. */
export const tfjsViewType = 'modelLathe.tfjs';

/** The type of view a model opens in. */
export function viewTypeOf(uri: vscode.Uri): string {
  return isJsonPath(uri.path) ? tfjsViewType : modelViewType;
}

/** Whether a tab shows a model as a graph. */
export function isModelView(input: unknown): input is vscode.TabInputCustom {
  return input instanceof vscode.TabInputCustom && (input.viewType === modelViewType || input.viewType === tfjsViewType);
}

export class ActiveModel implements vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<OpenModel | undefined>();
  readonly onDidChange = this.changes.event;
  private reference: ModelReference | undefined;
  private readonly listener: vscode.Disposable;

  constructor(private readonly models: Models) {
    this.listener = vscode.window.tabGroups.onDidChangeTabs(() => this.follow());
    this.follow();
  }

  get model(): OpenModel | undefined {
    return this.reference?.model;
  }

  /** Makes a model the active one, though its editor may not have the focus. */
  show(uri: vscode.Uri): void {
    if (this.model?.uri.toString() === uri.toString()) return;
    const reference = this.models.acquire(uri);
    this.reference?.dispose();
    this.reference = reference;
    this.changed();
  }

  dispose(): void {
    this.listener.dispose();
    this.reference?.dispose();
    this.changes.dispose();
  }

  private follow(): void {
    const active = modelOfTab(vscode.window.tabGroups.activeTabGroup.activeTab);
    if (active !== undefined) {
      this.show(active);
      return;
    }
    const shown = this.model?.uri.toString();
    if (shown === undefined) return;
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    if (tabs.some((tab) => modelOfTab(tab)?.toString() === shown)) return;
    this.reference?.dispose();
    this.reference = undefined;
    this.changed();
  }

  private changed(): void {
    void vscode.commands.executeCommand('setContext', 'modelLathe.hasModel', this.model !== undefined);
    this.changes.fire(this.model);
  }
}

/** The model a tab shows, as graph or as text. */
function modelOfTab(tab: vscode.Tab | undefined): vscode.Uri | undefined {
  const input = tab?.input;
  if (isModelView(input) && input.uri.scheme === 'file') return input.uri;
  if (input instanceof vscode.TabInputText) return modelUri(input.uri);
  return undefined;
}
