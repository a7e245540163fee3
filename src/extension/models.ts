// The models open in this window: one per file however many views show it, kept a moment after the last view closes.
import * as vscode from 'vscode';
import type { Disposable } from '../base/disposable';
import type { LatheError } from '../base/errors';
import type { EngineClient } from './engineClient';
import { assertOnDisk, OpenModel, type ModelEvent } from './openModel';

/** How long a model stays open after its last view: switching between text and graph should not read it again. */
const lingerMs = 5000;
/** Writers touch a file several times; only the last touch reloads. */
const settleMs = 300;

interface Entry {
  readonly model: OpenModel;
  readonly life: vscode.Disposable;
  references: number;
  closing: NodeJS.Timeout | undefined;
}

/** One hold on an open model. */
export interface ModelReference extends Disposable {
  readonly model: OpenModel;
}

export class Models implements vscode.Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly changed = new vscode.EventEmitter<{ readonly model: OpenModel; readonly event: ModelEvent }>();
  private readonly closed = new vscode.EventEmitter<OpenModel>();
  /** Any event of any open model. */
  readonly onDidChange = this.changed.event;
  readonly onDidClose = this.closed.event;

  constructor(
    private readonly engine: () => Promise<EngineClient>,
    private readonly askCacheLinks: (path: string) => Promise<boolean>,
  ) {}

  /** Opens the model of a file, or takes another hold on it. @throws LatheError when the file is not on disk. */
  acquire(uri: vscode.Uri): ModelReference {
    assertOnDisk(uri);
    const key = uri.toString();
    const entry = this.entries.get(key) ?? this.open(uri, key);
    entry.references++;
    clearTimeout(entry.closing);
    entry.closing = undefined;
    let held = true;
    return {
      model: entry.model,
      dispose: () => {
        if (!held) return;
        held = false;
        this.release(key, entry);
      },
    };
  }

  /** The model of a file if it is open. */
  find(uri: vscode.Uri): OpenModel | undefined {
    return this.entries.get(uri.toString())?.model;
  }

  /** Runs `work` on a model, holding it meanwhile. */
  async use<T>(uri: vscode.Uri, work: (model: OpenModel) => Promise<T>): Promise<T> {
    const reference = this.acquire(uri);
    try {
      return await work(reference.model);
    } finally {
      reference.dispose();
    }
  }

  all(): OpenModel[] {
    return [...this.entries.values()].map((entry) => entry.model);
  }

  engineDied(error: LatheError): void {
    for (const model of this.all()) model.engineDied(error);
  }

  reloadAll(): void {
    for (const model of this.all()) model.reload();
  }

  dispose(): void {
    for (const [key, entry] of this.entries) this.close(key, entry);
    this.changed.dispose();
    this.closed.dispose();
  }

  private open(uri: vscode.Uri, key: string): Entry {
    const model = new OpenModel(uri, this.engine, this.askCacheLinks);
    const life = vscode.Disposable.from(
      model.onDidChange((event) => this.changed.fire({ model, event })),
      watch(model),
    );
    const entry: Entry = { model, life, references: 0, closing: undefined };
    this.entries.set(key, entry);
    return entry;
  }

  private release(key: string, entry: Entry): void {
    entry.references--;
    if (entry.references > 0) return;
    entry.closing = setTimeout(() => this.close(key, entry), lingerMs);
  }

  private close(key: string, entry: Entry): void {
    clearTimeout(entry.closing);
    if (!this.entries.delete(key)) return;
    this.closed.fire(entry.model);
    entry.life.dispose();
    entry.model.dispose();
  }
}

/** Reloads a model when its file changes or one that its weights lie in, says when it is gone and when it is back. */
function watch(model: OpenModel): vscode.Disposable {
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.joinPath(model.uri, '..'), escapeGlob(basename(model.uri))));
  let timer: NodeJS.Timeout | undefined;
  const settle = (then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, settleMs);
  };
  let ofWeights: readonly vscode.Disposable[] = [];
  const dropWeights = (): void => {
    for (const each of ofWeights) each.dispose();
  };
  return vscode.Disposable.from(
    watcher,
    model.onDidOpen((files) => {
      dropWeights();
      ofWeights = watchFiles(files, () => settle(() => model.reload()));
    }),
    new vscode.Disposable(dropWeights),
    watcher.onDidChange(() => settle(() => model.reload())),
    watcher.onDidCreate(() => settle(() => model.reload())),
    watcher.onDidDelete(() => settle(() => model.fileGone())),
    new vscode.Disposable(() => clearTimeout(timer)),
  );
}

/** Models with a file for each weight exist: a folder is watched, not each file of it. */
function watchFiles(files: readonly string[], changed: () => void): vscode.Disposable[] {
  const paths = new Set(files.map((file) => vscode.Uri.file(file).toString()));
  const folders = new Map(files.map((file) => vscode.Uri.joinPath(vscode.Uri.file(file), '..')).map((folder) => [folder.toString(), folder]));
  const changedHere = (uri: vscode.Uri): void => {
    if (paths.has(uri.toString())) changed();
  };
  return [...folders.values()].flatMap((folder) => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
    return [watcher, watcher.onDidChange(changedHere), watcher.onDidCreate(changedHere)];
  });
}

function basename(uri: vscode.Uri): string {
  return uri.path.slice(uri.path.lastIndexOf('/') + 1);
}

/** A file name as a glob that matches only itself. */
function escapeGlob(name: string): string {
  return name.replace(/[*?[\]{}]/g, (char) => `[${char}]`);
}
