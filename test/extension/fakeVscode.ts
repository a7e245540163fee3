// As much of VS Code's API as commands and panels need to be called: it notes what is asked of it.
import { posix } from 'node:path';

export class FakeUri {
  readonly authority = '';

  constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return `${this.scheme}:${this.scheme === 'file' ? '//' : ''}${this.path}`;
  }

  static file(path: string): FakeUri {
    return new FakeUri('file', path);
  }

  static parse(text: string): FakeUri {
    const [, scheme = '', path = ''] = /^([\w-]+):(?:\/\/)?(.*)$/.exec(text) ?? [];
    return new FakeUri(scheme, path);
  }

  static joinPath(base: FakeUri, ...parts: readonly string[]): FakeUri {
    return new FakeUri(base.scheme, posix.join(base.path, ...parts));
  }

  static from({ scheme, path }: FakeUri): FakeUri {
    return new FakeUri(scheme, path);
  }
}

type Called = readonly [name: string, ...parameters: unknown[]];

const calls: Called[] = [];
const tools = new Map<string, unknown>();
const registered = new Map<string, (...parameters: unknown[]) => Promise<unknown>>();
const noted =
  (name: string) =>
  (...parameters: unknown[]): Promise<undefined> => {
    calls.push([name, ...parameters]);
    return Promise.resolve(undefined);
  };

/** As vscode.EventEmitter. */
class FakeEmitter<T> {
  private readonly listeners = new Set<(event: T) => void>();

  readonly event = (listener: (event: T) => void): { dispose: () => void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  fire(event: T): void {
    for (const listener of this.listeners) listener(event);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

interface Item {
  readonly label: string;
}

/** What the person picks, in turn: the label of an item, or `Back`. */
const picks: string[] = [];
const back = { tooltip: 'Back' };

/** What the person chooses in open dialogs, in turn; nothing where none is left. */
const folders: string[] = [];

/** Settings by place and name, e.g. `/a/m.onnx modelLathe.threads`; without a place those of the window. */
const configuration = new Map<string, unknown>();

/** A quick pick in which the next of `picks` is chosen as soon as it is shown; it is noted with its steps and labels. */
class FakeQuickPick {
  items: readonly Item[] = [];
  activeItems: readonly Item[] = [];
  selectedItems: readonly Item[] = [];
  step = 0;
  totalSteps = 0;
  private accept = (): void => undefined;
  private hide = (): void => undefined;
  private trigger = (): void => undefined;

  onDidAccept(listener: () => void): void {
    this.accept = listener;
  }

  onDidHide(listener: () => void): void {
    this.hide = listener;
  }

  onDidTriggerButton(listener: () => void): void {
    this.trigger = listener;
  }

  show(): void {
    const label = picks.shift();
    calls.push(['quickPick', `${this.step}/${this.totalSteps}`, this.activeItems[0]?.label]);
    if (label === back.tooltip) this.trigger();
    else {
      this.selectedItems = this.items.filter((item) => item.label === label);
      if (this.selectedItems.length > 0) this.accept();
      else this.hide();
    }
  }

  dispose(): void {
    this.items = [];
  }
}

export const fakeVscode = {
  /** What was asked of the editor, oldest first. */
  calls,
  /** Commands by their full names. */
  registered,
  /** Language model tools by name. */
  tools,
  lm: { registerTool: (name: string, tool: unknown) => tools.set(name, tool) },
  picks,
  Uri: FakeUri,
  folders,
  configuration,
  EventEmitter: FakeEmitter,
  QuickInputButtons: { Back: back },
  Disposable: { from: () => ({ dispose: () => undefined }) },
  workspace: {
    workspaceFolders: undefined,
    isTrusted: true,
    getConfiguration: (section: string, resource?: FakeUri) => ({ get: (name: string, fallback?: unknown): unknown => configuration.get(`${resource?.path ?? ''} ${section}.${name}`) ?? fallback }),
  },
  commands: {
    registerCommand: (name: string, run: (...parameters: unknown[]) => Promise<unknown>) => registered.set(name, run),
    executeCommand: noted('executeCommand'),
  },
  window: { createQuickPick: () => new FakeQuickPick(), showErrorMessage: noted('showErrorMessage'), showInformationMessage: noted('showInformationMessage'), showOpenDialog: (...parameters: unknown[]) => {
      calls.push(['showOpenDialog', ...parameters]);
      const chosen = folders.shift();
      return Promise.resolve(chosen === undefined ? undefined : [FakeUri.parse(`file://${chosen}`)]);
    }, showSaveDialog: noted('showSaveDialog'), showWarningMessage: noted('showWarningMessage') },
};
