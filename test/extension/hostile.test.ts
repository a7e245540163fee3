// Bad input 12: hostile messages from a page and hostile command links are refused by schema, with a word, and do nothing.
import { describe, expect, it, vi } from 'vitest';
import { commandNames, type CommandName } from '../../src/extension/commandNames';
import { parseArguments } from '../../src/extension/commandArguments';
import { refusal } from '../support/models';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { registerCommands } = await import('../../src/extension/commands');
const { ModelPanel } = await import('../../src/extension/modelPanel');

const model = 'file:///models/model.onnx';
const text = 'onnx-text:/models/model.onnx.onnxtxt';
const polluted: unknown = JSON.parse('{"__proto__":{"target":"file:///etc/passwd"},"constructor":1}');

/** Command, arguments as a link gives them, the argument that is refused. */
const refusedCalls: readonly (readonly [CommandName, readonly unknown[], string])[] = [
  ['openModelView', ['https://example.com/model.onnx'], 'target'],
  ['openModelView', ['command:workbench.action.terminal.sendSequence'], 'target'],
  ['openModelView', ['/models/model.onnx'], 'target'],
  ['optimize', [{ scheme: 'file', path: '/models/model.onnx' }], 'target'],
  ['optimize', [polluted], 'target'],
  ['optimize', [{ kind: 'layer', layer: 3, target: model }], 'target'],
  ['profile', [7], 'target'],
  ['profile', [`file:///${'x'.repeat(10_001)}`], 'target'],
  ['benchmark', [['file:///a.onnx', 'file:///b.onnx']], 'target'],
  ['benchmark', [''], 'target'],
  ['compareWith', [model, model], 'selected'],
  ['compareWith', [model, ['https://example.com/b.onnx']], 'selected'],
  ['compareWith', [model, Array.from({ length: 10_001 }, () => model)], 'selected'],
  ['showText', [model, { toString: 'x' }], 'layer'],
  ['showText', [model, 'x'.repeat(1_000_001)], 'layer'],
  ['showFindings', [true], 'target'],
  ['applyFix', [model], 'fix'],
  ['applyFix', [model, ''], 'fix'],
  ['applyFix', [model, ['a fix']], 'fix'],
  ['applyFix', [model, 'x'.repeat(10_001)], 'fix'],
  ['applyFix', [polluted, 'a fix'], 'target'],
  ['chooseFix', [text, -1], 'line'],
  ['chooseFix', [text, 1.5], 'line'],
  ['chooseFix', [text, Number.NaN], 'line'],
  ['chooseFix', [text, 2 ** 40], 'line'],
  ['chooseFix', [text, '3'], 'line'],
  ['revealLayer', [model, 5], 'layer'],
  ['runRecipe', ['file:///etc/passwd'], 'target'],
  ['runRecipe', [model], 'target'],
  ['openReport', ['file:///models/.lathe/x.lathe.json'], 'target'],
  ['cancelJob', [{ id: 'job-1' }], 'job'],
  ['cancelJob', ['x'.repeat(101)], 'job'],
];

describe('a command', () => {
  it.each(refusedCalls)('%s(%j …) is refused by its schema, naming the argument', (name, given, field) => {
    const { code, message } = refusal(() => parseArguments(name, given, false));
    expect(code).toBe('usage');
    expect(message).toMatch(new RegExp(`^The command modelLathe\\.${name} was refused: its ${field} must be .+\\.$`));
    expect(message.length).toBeLessThan(150);
  });

  it('takes what links, lenses and menus of the extension itself give', () => {
    expect(parseArguments('applyFix', [model, 'oversized-layer|a|simplify'], false)).toEqual({ target: model, fix: 'oversized-layer|a|simplify' });
    expect(parseArguments('chooseFix', [text, 12], false)).toEqual({ target: text, line: 12 });
    expect(parseArguments('revealLayer', [model, ''], false)).toEqual({ target: model, layer: '' });
    expect(parseArguments('compareWith', [model, [model, 'file:///models/b.onnx']], true)).toEqual({ target: model, selected: [model, 'file:///models/b.onnx'] });
    expect(parseArguments('runRecipe', ['file:///models/.lathe/model.int8.lathe.json'], true)).toEqual({ target: 'file:///models/.lathe/model.int8.lathe.json' });
    // Menus add where they stood; the title of the tree gives the row with the focus, or null.
    expect(parseArguments('showText', [model, { groupId: 0 }], true)).toEqual({ target: model });
    expect(parseArguments('showText', [model, [model]], true)).toEqual({ target: model });
    expect(parseArguments('compareWith', [model, { groupId: 0 }], true)).toEqual({ target: model });
    expect(parseArguments('profile', [{ kind: 'group', group: 2 }, [{ kind: 'group', group: 2 }]], false)).toEqual({});
    expect(parseArguments('profile', [null], false)).toEqual({});
    for (const name of commandNames) if (name !== 'applyFix') expect(Object.values(parseArguments(name, [], false)).filter((value) => value !== undefined)).toEqual([]);
  });

  it('that is refused touches nothing and tells the person why', async () => {
    const touched = vi.fn();
    const forbidden = (): never => {
      touched();
      throw new Error('touched');
    };
    const host = { active: { get model() { return forbidden(); } }, models: { find: forbidden, use: forbidden }, jobs: { cancel: forbidden }, restartEngine: forbidden, log: { error: () => undefined, show: forbidden } };
    registerCommands({ host, panel: { get shown() { return forbidden(); } }, diagnostics: {}, work: forbidden } as never);
    fakeVscode.calls.length = 0;
    for (const [name, given] of refusedCalls) expect(await fakeVscode.registered.get(`modelLathe.${name}`)?.(...given)).toBeUndefined();
    const elsewhere = await fakeVscode.registered.get('modelLathe.profile')?.(new FakeUri('https', '/model.onnx'));
    expect(elsewhere).toBeUndefined();
    expect(touched).not.toHaveBeenCalled();
    const shown = fakeVscode.calls.map(([what, said]) => [what, String(said)] as const);
    expect(new Set(shown.map(([what]) => what))).toEqual(new Set(['showErrorMessage']));
    expect(shown).toHaveLength(refusedCalls.length + 1);
    expect(shown.at(-1)?.[1]).toContain('Models are read from disk; "https" is another place.');
    for (const [i, [, said]] of shown.slice(0, -1).entries()) expect(said).toContain(`modelLathe.${refusedCalls[i]?.[0] ?? ''} was refused`);
  });
});

const hostileMessages: readonly unknown[] = [
  null,
  7,
  'ready',
  [{ type: 'profile' }],
  {},
  { type: 'eval', code: 'process.exit()' },
  { type: '__proto__' },
  { type: 'constructor' },
  { type: ['profile'] },
  { type: 'profile', path: '/etc/passwd' },
  { type: 'optimize', goal: 'size' },
  { type: 'ready', extra: true },
  JSON.parse('{"type":"restartEngine","__proto__":{"x":1},"extra":1}'),
  { type: 'detail', layer: { toString: () => 'a' } },
  { type: 'selected', layer: 'x'.repeat(1_000_001) },
  { type: 'bind', bindings: { batch: -1 } },
  { type: 'bind', bindings: { batch: 2 ** 40 } },
  { type: 'bind', bindings: { batch: '1' } },
  { type: 'bind', bindings: { ['x'.repeat(1001)]: 1 } },
  { type: 'bind', bindings: [1] },
  { type: 'fix', fix: 'x'.repeat(10_001) },
  { type: 'fix', fix: { id: 'a' } },
  { type: 'openText', layer: 3 },
  { type: 'openText', path: '../../etc/passwd' },
  { type: 'cancel', job: 'x'.repeat(101) },
];

describe('the model view', () => {
  interface Received {
    readonly warnings: string[];
    readonly sent: unknown[];
    readonly touched: string[];
    readonly receive: (message: unknown) => void;
  }

  /** A panel on a model and a host that only note what is asked of them. */
  function panel(): Received {
    const warnings: string[] = [];
    const sent: unknown[] = [];
    const touched: string[] = [];
    const noting = (name: string, known: Readonly<Record<string, unknown>>): never => new Proxy(known, { get: (target, key) => (key in target ? Reflect.get(target, key) as unknown : (...given: unknown[]) => void touched.push(`${name}.${String(key)}(${JSON.stringify(given)})`)) }) as never;
    const event = (): { dispose: () => void } => ({ dispose: () => undefined });
    let receive: (message: unknown) => void = () => undefined;
    new ModelPanel(
      noting('host', { log: { warn: (message: string) => warnings.push(message) }, jobs: noting('jobs', { onDidChange: event, all: () => [] }) }),
      noting('model', { uri: new FakeUri('file', '/models/model.onnx'), path: '/models/model.onnx', onDidChange: event, findings: [], snapshot: undefined, selected: undefined, gone: false }),
      { webview: { onDidReceiveMessage: (listener: typeof receive) => ((receive = listener), event()), postMessage: (message: unknown) => void sent.push(message) } } as never,
    );
    return { warnings, sent, touched, receive: (message) => receive(message) };
  }

  it('does nothing for a hostile message but note that it came', async () => {
    const { warnings, sent, touched, receive } = panel();
    fakeVscode.calls.length = 0;
    for (const message of hostileMessages) receive(message);
    await vi.waitFor(() => expect(warnings).toHaveLength(hostileMessages.length));
    for (const warning of warnings) expect(warning).toMatch(/^model view: a message was refused: .+/);
    expect([sent, touched, fakeVscode.calls]).toEqual([[], [], []]);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('runs no fix that no finding offers, and no message before it is heard', async () => {
    const { sent, receive } = panel();
    fakeVscode.calls.length = 0;
    receive({ type: 'ready' });
    receive({ type: 'fix', fix: '../../etc/passwd' });
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent).toEqual([{ type: 'error', error: { code: 'not-found', message: 'This fix is not offered any more.', item: '../../etc/passwd' } }]);
    expect(fakeVscode.calls).toEqual([]);
  });
});
