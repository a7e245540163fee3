// What the in-host tests share: the extension, files of the sample workspace, and waiting for a state.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

/** The extension under test. */
export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension('model-lathe.model-lathe');
  assert.ok(found, 'the extension is not installed');
  return found;
}

/** A file of the sample workspace. */
export function workspaceFile(relative: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'no folder is open');
  return vscode.Uri.joinPath(folder.uri, relative);
}

/** Opens a model as a click in the explorer does. */
export async function openModel(relative: string): Promise<vscode.Uri> {
  const uri = workspaceFile(relative);
  await vscode.commands.executeCommand('vscode.open', uri);
  await eventually(`${relative} is open`, () => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputCustom);
  return uri;
}

/**
 * Waits until `look` gives something that is neither false nor undefined.
 * @throws Error naming `what` after `timeoutMs`
 */
export async function eventually<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
