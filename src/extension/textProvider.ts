// The file system behind `onnx-text:`: each file is a model printed in ONNX's textual syntax. Only a copy made to be edited can be written.
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import type { EngineClient } from './engineClient';
import type { Host } from './host';
import type { ModelReference, Models } from './models';
import { modelUri, textUri } from './textUris';
import { isEditable, textScheme } from './textUri';
import { errorSentence } from './wording';

class TextFileSystem implements vscode.FileSystemProvider {
  private readonly changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changes.event;
  /** Bytes of the texts last made, so that `stat` and `readFile` agree. */
  private readonly made = new WeakMap<object, Uint8Array>();

  constructor(
    private readonly models: Models,
    private readonly engine: () => Promise<EngineClient>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** The model's text is another now. */
  changed(model: vscode.Uri): void {
    this.changes.fire([{ type: vscode.FileChangeType.Changed, uri: textUri(model) }]);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined); // the open model watches its file
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const source = modelOf(uri);
    const file = await vscode.workspace.fs.stat(source);
    const bytes = await this.bytes(source);
    return { type: vscode.FileType.File, ctime: file.ctime, mtime: file.mtime, size: bytes.byteLength, ...(canWrite(uri) ? {} : { permissions: vscode.FilePermission.Readonly }) };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return await this.bytes(modelOf(uri));
  }

  private async bytes(source: vscode.Uri): Promise<Uint8Array> {
    try {
      const text = await this.models.use(source, async (model) => await model.text());
      const known = this.made.get(text);
      if (known !== undefined) return known;
      const bytes = new TextEncoder().encode(text.text);
      this.made.set(text, bytes);
      return bytes;
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(errorSentence(toLatheError(thrown, source.fsPath)));
    }
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  /** Saves a version of a copy. What is wrong with the text is said by the failed save; nothing is lost. */
  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    if (!canWrite(uri)) throw vscode.FileSystemError.NoPermissions(uri);
    const source = modelOf(uri);
    try {
      const { lost } = await (await this.engine()).request('text/save', { path: source.fsPath, text: new TextDecoder().decode(content) });
      for (const note of lost) this.log.info(`${source.fsPath}: gone with what it belonged to: ${note}`);
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(errorSentence(toLatheError(thrown, source.fsPath)));
    }
    this.models.find(source)?.reload();
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(from: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(from);
  }
}

/** Writing a model needs trust, as any other change. */
function canWrite(uri: vscode.Uri): boolean {
  return isEditable(uri) && vscode.workspace.isTrusted;
}

function modelOf(uri: vscode.Uri): vscode.Uri {
  const source = modelUri(uri);
  if (source === undefined) throw vscode.FileSystemError.FileNotFound(uri);
  return source;
}

/** Serves the texts, and holds each model open while its text is open. */
export function registerTextProvider({ models, engine, log }: Host): vscode.Disposable {
  const provider = new TextFileSystem(models, engine, log);
  const held = new Map<string, ModelReference>();
  const hold = (document: vscode.TextDocument): void => {
    const source = modelUri(document.uri);
    const key = document.uri.toString();
    if (source === undefined || held.has(key)) return;
    const reference = models.acquire(source);
    held.set(key, reference);
    reference.model.loadInBackground(); // findings for a text that was opened without the model view
  };
  const letGo = (document: vscode.TextDocument): void => {
    held.get(document.uri.toString())?.dispose();
    held.delete(document.uri.toString());
  };
  vscode.workspace.textDocuments.forEach(hold);
  return vscode.Disposable.from(
    vscode.workspace.registerFileSystemProvider(textScheme, provider, { isCaseSensitive: process.platform === 'linux' }),
    models.onDidChange(({ model, event }) => {
      if (event.type === 'text') provider.changed(model.uri);
    }),
    // A text that was printed without trust refers to no version that could be saved upon.
    vscode.workspace.onDidGrantWorkspaceTrust(() => models.reloadAll()),
    vscode.workspace.onDidOpenTextDocument(hold),
    vscode.workspace.onDidCloseTextDocument(letGo),
    new vscode.Disposable(() => held.forEach((reference) => reference.dispose())),
  );
}
