// As much of VS Code's API as commands and panels need to be called: it notes what is asked of it.

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

  static parse(text: string): FakeUri {
    const [, scheme = '', path = ''] = /^([\w-]+):(?:\/\/)?(.*)$/.exec(text) ?? [];
    return new FakeUri(scheme, path);
  }

  static from({ scheme, path }: FakeUri): FakeUri {
    return new FakeUri(scheme, path);
  }
}

type Called = readonly [name: string, ...parameters: unknown[]];

const calls: Called[] = [];
const registered = new Map<string, (...parameters: unknown[]) => Promise<unknown>>();
const noted =
  (name: string) =>
  (...parameters: unknown[]): Promise<undefined> => {
    calls.push([name, ...parameters]);
    return Promise.resolve(undefined);
  };

export const fakeVscode = {
  /** What was asked of the editor, oldest first. */
  calls,
  /** Commands by their full names. */
  registered,
  Uri: FakeUri,
  Disposable: { from: () => ({ dispose: () => undefined }) },
  commands: {
    registerCommand: (name: string, run: (...parameters: unknown[]) => Promise<unknown>) => registered.set(name, run),
    executeCommand: noted('executeCommand'),
  },
  window: { showErrorMessage: noted('showErrorMessage'), showInformationMessage: noted('showInformationMessage'), showOpenDialog: noted('showOpenDialog') },
};
