// An open model is read again when a file that its weights lie in changes, not only its own.
import { describe, expect, it, vi } from 'vitest';
import { fakeVscode, FakeUri } from './fakeVscode';

interface Watched {
  readonly folder: string;
  readonly pattern: string;
  readonly listeners: ((uri: FakeUri) => void)[];
  disposed: boolean;
}

const watched: Watched[] = [];

vi.mock('vscode', () => ({
  ...fakeVscode,
  RelativePattern: class {
    constructor(
      readonly base: FakeUri,
      readonly pattern: string,
    ) {}
  },
  Disposable: class {
    constructor(readonly dispose: () => void) {}
    static from(...all: readonly { dispose: () => void }[]): { dispose: () => void } {
      return { dispose: () => { for (const each of all) each.dispose(); } };
    }
  },
  workspace: {
    ...fakeVscode.workspace,
    createFileSystemWatcher: ({ base, pattern }: { readonly base: FakeUri; readonly pattern: string }) => {
      const entry: Watched = { folder: base.path, pattern, listeners: [], disposed: false };
      watched.push(entry);
      const on = (listener: (uri: FakeUri) => void): { dispose: () => void } => {
        entry.listeners.push(listener);
        return { dispose: () => undefined };
      };
      return { onDidChange: on, onDidCreate: on, onDidDelete: on, dispose: () => { entry.disposed = true; } };
    },
  },
}));
const { Models } = await import('../../src/extension/models');

describe('a model with weights in files of their own', () => {
  it('is read again when one of them changes, and when another file beside it does, is not', async () => {
    vi.useFakeTimers();
    let opened = 0;
    const engine = {
      generation: 1,
      processId: 1,
      request: (method: string) => Promise.resolve(method === 'model/open' ? { document: ++opened, files: ['/models/a.bin', '/models/more/b.bin'] } : method === 'model/findings' ? [] : { findings: [] }),
    };
    const models = new Models(() => Promise.resolve(engine as never), () => Promise.resolve(false));
    const { model } = models.acquire(new FakeUri('file', '/models/model.json') as never);
    await model.load();
    expect(watched.map(({ folder }) => folder)).toEqual(['/models', '/models', '/models/more']);
    const change = async (path: string): Promise<void> => {
      for (const { pattern, listeners, disposed } of [...watched]) if (pattern === '*' && !disposed) listeners[0]?.(new FakeUri('file', path));
      await vi.advanceTimersByTimeAsync(1000);
    };
    await change('/models/notes.txt');
    expect(opened).toBe(1);
    await change('/models/more/b.bin');
    expect(opened).toBe(2);
    expect(watched.filter(({ disposed }) => !disposed)).toHaveLength(3);
    models.dispose();
    expect(watched.every(({ disposed }) => disposed)).toBe(true);
    vi.useRealTimers();
  });
});
