// What the lightbulb offers on a line of a model's text that calls one of its functions, and on any other.
import { describe, expect, it, vi } from 'vitest';
import { fakeVscode, FakeUri } from './fakeVscode';

interface Provider {
  readonly provideCodeActions: (document: object, range: object) => Promise<readonly { readonly title: string; readonly command: object }[]>;
}
const providers: Provider[] = [];

class FakeAction {
  command: object | undefined;
  constructor(readonly title: string) {}
}

vi.mock('vscode', () => ({ ...fakeVscode, CodeAction: FakeAction, CodeActionKind: { RefactorInline: 'refactor.inline' }, languages: { registerCodeActionsProvider: (_: object, provider: Provider) => providers.push(provider) } }));
const { registerInlineActions } = await import('../../src/extension/inlineActions');

const asked: string[] = [];
const model = {
  snapshot: { groups: [{ kind: 'model' }, { kind: 'function', call: 'one' }] },
  detail: (key: string) => {
    asked.push(key);
    return Promise.resolve({ function: { label: 'own::block', signature: 'block (a) → (b)' } });
  },
};
registerInlineActions(
  { models: { use: (_: unknown, use: (one: unknown) => unknown) => use(model) }, log: { debug: () => undefined } } as never,
  { lines: () => Promise.resolve({ nodes: [{ key: 'relu', line: 3, length: 1 }, { key: 'one', line: 4, length: 1 }] }) } as never,
);

const actions = async (line: number) => await providers[0]?.provideCodeActions({ uri: new FakeUri('onnx-text', '/a/m.onnx.onnxtxt') }, { start: { line } });

describe('the lightbulb', () => {
  it('offers on the line of a call to inline its function, or all', async () => {
    const file = new FakeUri('file', '/a/m.onnx').toString();
    expect(await actions(4)).toMatchObject([
      { title: 'Inline Function own::block', command: { command: 'modelLathe.inlineFunctions', arguments: [file, 'own::block'] } },
      { title: 'Inline All Functions', command: { command: 'modelLathe.inlineFunctions', arguments: [file] } },
    ]);
  });

  it('offers nothing on other lines, and reads no layer for it', async () => {
    asked.length = 0;
    expect(await actions(3)).toEqual([]);
    expect(await actions(9)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
