// TensorFlow.js models among JSON files: told by how they begin, offered by a CodeLens and in menus; other JSON is left alone.
import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable';
import { isJsonPath } from '../base/notYet';
import { beginsLikeTfjs, headBytes, headOf } from './tfjsHead';
import { t } from './translate';

/**
 * Files that are looked into unopened, for the explorer's menu: those of the usual name. Any JSON file wakes the extension, as only its
 * content tells a model, so that reading every one of a workspace would be a price for all who write JSON. Others are known once opened.
 */
const pattern = '**/model.json';
const mostFiles = 200;

class TfjsModels implements Disposable {
  private readonly paths = new Set<string>();
  private readonly life: vscode.Disposable;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, true, false);
    this.life = vscode.Disposable.from(
      watcher,
      watcher.onDidCreate((uri) => void this.look([uri])),
      watcher.onDidDelete((uri) => this.forget(uri)),
      vscode.workspace.onDidOpenTextDocument((document) => this.note(document)),
      vscode.languages.registerCodeLensProvider({ language: 'json', scheme: 'file' }, { provideCodeLenses: (document) => this.lenses(document) }),
    );
    vscode.workspace.textDocuments.forEach((document) => this.note(document));
    void vscode.workspace.findFiles(pattern, '**/{node_modules,.git}/**', mostFiles).then(async (uris) => await this.look(uris));
  }

  dispose(): void {
    this.life.dispose();
  }

  private note(document: vscode.TextDocument): void {
    if (document.uri.scheme === 'file' && isJsonPath(document.uri.path) && beginsLikeTfjs(headOf(document))) this.add(document.uri);
  }

  private lenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!beginsLikeTfjs(headOf(document))) return [];
    const lens = (command: string, title: string): vscode.CodeLens => new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), { command: `modelLathe.${command}`, title, arguments: [document.uri] });
    return [lens('openModelView', `$(graph) ${t('Open in Model Lathe')}`), lens('saveAsOnnx', t('Save as ONNX'))];
  }

  private async look(uris: readonly vscode.Uri[]): Promise<void> {
    for (const uri of uris) if (uri.scheme === 'file' && beginsLikeTfjs(await fileHead(uri.fsPath))) this.add(uri);
  }

  private add(uri: vscode.Uri): void {
    if (this.paths.has(uri.fsPath)) return;
    this.paths.add(uri.fsPath);
    this.tell();
  }

  private forget(uri: vscode.Uri): void {
    if (this.paths.delete(uri.fsPath)) this.tell();
  }

  /** Menus ask `resourcePath in modelLathe.tfjsModels`. */
  private tell(): void {
    void vscode.commands.executeCommand('setContext', 'modelLathe.tfjsModels', [...this.paths]);
  }
}

/** The first bytes of a file; nothing where it cannot be read. */
async function fileHead(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}

export function registerTfjsModels(): Disposable {
  return new TfjsModels();
}
