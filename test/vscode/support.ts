// What the in-host tests share: the extension, files of the sample workspace, and waiting for a state.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as vscode from 'vscode';
import type { Api } from '../../src/extension/extension';

export const modelViewType = 'modelLathe.model';
export const recognizer = 'PP-OCRv4/recognizer.onnx';
export const flawed = 'samples/flawed.onnx';
export const digits = 'samples/digits.onnx';

/** The extension under test. */
export function extension(): vscode.Extension<Api> {
  const found = vscode.extensions.getExtension<Api>('model-lathe.model-lathe');
  assert.ok(found, 'the extension is not installed');
  return found;
}

/** What the extension hands to tests; activates it where nothing has yet. */
export async function api(): Promise<Api> {
  return await extension().activate();
}

/** A file of the sample workspace. */
export function workspaceFile(relative: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'no folder is open');
  return vscode.Uri.joinPath(folder.uri, relative);
}

/** The URI of a model's text. */
export function textOf(model: vscode.Uri): vscode.Uri {
  return model.with({ scheme: 'onnx-text', path: `${model.path}.onnxtxt` });
}

/** Opens a model as a click in the explorer does. */
export async function openModel(relative: string): Promise<vscode.Uri> {
  const uri = workspaceFile(relative);
  await vscode.commands.executeCommand('vscode.open', uri, { preview: false });
  await eventually(`${relative} is open`, () => {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    return input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString();
  });
  return uri;
}

/** Opens a model and waits for its findings. */
export async function openWithFindings(relative: string): Promise<vscode.Uri> {
  const uri = await openModel(relative);
  await eventually(`findings of ${relative}`, () => vscode.languages.getDiagnostics(textOf(uri)).length > 0);
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

/** Ids of the processes that a process started and whose command line holds `words`, at any depth. */
export function descendants(ancestor: number, words: string): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const processes = rows.flatMap((row) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row);
    return match === null ? [] : [{ id: Number(match[1]), parent: Number(match[2]), line: match[3] ?? '' }];
  });
  const family = new Set([ancestor]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { id, parent } of processes) {
      if (!family.has(parent) || family.has(id)) continue;
      family.add(id);
      grown = true;
    }
  }
  return processes.filter(({ id, line }) => id !== ancestor && family.has(id) && line.includes(words)).map(({ id }) => id);
}
