// The bytes that a model view's page is sent for a benchmark of its own: in pieces, for the run that asked last and no other.
import { describe, expect, it, vi } from 'vitest';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => ({ ...fakeVscode, workspace: { ...fakeVscode.workspace, isTrusted: true } }));
const { ModelPanel } = await import('../../src/extension/modelPanel');

const event = (): { dispose: () => void } => ({ dispose: () => undefined });
const pieceBytes = 8 << 20;

interface Sent {
  readonly type: string;
  readonly offset?: number;
}

/** A panel on a model of one file of two pieces; the page takes each message when it is let go on. */
function panel(): { readonly sent: Sent[]; readonly receive: (message: unknown) => void; readonly taken: () => void } {
  const sent: Sent[] = [];
  const waiting: (() => void)[] = [];
  let receive: (message: unknown) => void = () => undefined;
  const bytes = new Uint8Array(pieceBytes + 1);
  new ModelPanel(
    { log: { warn: () => undefined }, jobs: { onDidChange: event, all: () => [] } } as never,
    { path: '/models/model.onnx', uri: new FakeUri('file', '/models/model.onnx'), onDidChange: event, bindings: {}, withDocument: () => Promise.resolve({ models: [{ runtime: 'onnx', files: [bytes], fileBytes: [bytes.length], inputs: [] }] }) } as never,
    {
      webview: {
        onDidReceiveMessage: (listener: typeof receive) => ((receive = listener), event()),
        postMessage: (message: Sent) => {
          sent.push(message);
          return new Promise<boolean>((resolve) => waiting.push(() => resolve(true)));
        },
      },
    } as never,
  );
  return { sent, receive: (message) => receive(message), taken: () => waiting.shift()?.() };
}

const places = (sent: readonly Sent[]): (string | number)[] => sent.map(({ type, offset }) => offset ?? type);

describe('a benchmark in the page', () => {
  it('is sent its models in pieces', async () => {
    const { sent, receive, taken } = panel();
    receive({ type: 'pageModels', run: 1 });
    for (const expected of [['pageModels'], ['pageModels', 0], ['pageModels', 0, pieceBytes]]) {
      await vi.waitFor(() => expect(places(sent)).toEqual(expected));
      taken();
    }
  });

  it('of a page that was loaded anew, and counts from the beginning, is not mixed with what the old page had asked for', async () => {
    const { sent, receive, taken } = panel();
    receive({ type: 'pageModels', run: 1 });
    await vi.waitFor(() => expect(places(sent)).toEqual(['pageModels']));
    receive({ type: 'pageModels', run: 1 });
    await vi.waitFor(() => expect(places(sent)).toEqual(['pageModels', 'pageModels']));
    for (let i = 0; i < 6; i++) {
      taken();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(places(sent)).toEqual(['pageModels', 'pageModels', 0, pieceBytes]);
  });

  it('is not stopped by the end of another', async () => {
    const { sent, receive, taken } = panel();
    receive({ type: 'pageModels', run: 2 });
    await vi.waitFor(() => expect(places(sent)).toEqual(['pageModels']));
    receive({ type: 'pageEnded', run: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    taken();
    await vi.waitFor(() => expect(places(sent)).toEqual(['pageModels', 0]));
    receive({ type: 'pageEnded', run: 2 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    taken();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(places(sent)).toEqual(['pageModels', 0]);
  });
});
