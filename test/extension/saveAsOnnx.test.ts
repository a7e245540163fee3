// Save as ONNX: the new file is opened; what cannot be converted is said in one sentence with the whole list behind it.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conversion } from '../../src/protocol/engine';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { notLoweredPhrase, saveAsOnnx } = await import('../../src/extension/saveAsOnnx');

const one = (op: string, node = 'n'): Conversion['notLowered'][number] => ({ op, node, reason: 'ONNX has no such operator' });

/** Saves a model for which the engine answers so. */
async function saved(answer: Conversion, path = '/models/model.json'): Promise<Conversion | undefined> {
  const model = { withDocument: (work: (client: unknown, document: number) => unknown) => work({ request: () => Promise.resolve(answer) }, 1) };
  const host = { jobs: { run: (_title: string, _uri: unknown, work: (context: object) => unknown) => work({}) }, models: { use: (_uri: unknown, use: (open: unknown) => unknown) => use(model) } };
  return await saveAsOnnx(host as never, new FakeUri('file', path) as never);
}

beforeEach(() => {
  fakeVscode.calls.length = 0;
});

describe('Save as ONNX', () => {
  it('opens the new file and says nothing more', async () => {
    await saved({ path: '/models/model.onnx', notLowered: [] });
    expect(fakeVscode.calls).toEqual([['executeCommand', 'modelLathe.openModelView', FakeUri.file('/models/model.onnx')]]);
  });

  it('says in one sentence what cannot be converted, with the list one click away', async () => {
    await saved({ notLowered: Array.from({ length: 40 }, (_, i) => one(i < 30 ? 'Bincount' : 'StringLower', `n${i.toString()}`)) });
    expect(fakeVscode.calls).toEqual([['showWarningMessage', 'model.json was not saved as ONNX, nothing was written: 40 nodes cannot be converted (Bincount, StringLower).', 'Show List']]);
  });

  it('names three kinds, the most frequent first', () => {
    expect(notLoweredPhrase([one('A')])).toBe('1 node cannot be converted (A)');
    expect(notLoweredPhrase([one('A'), one('B'), one('B'), one('C'), one('D')])).toBe('5 nodes cannot be converted (B, A, C and 1 more)');
    expect(notLoweredPhrase([one('A'), one('B'), one('C'), one('D'), one('E')])).toBe('5 nodes cannot be converted (A, B, C and 2 more)');
  });

  it('refuses a model that is ONNX already', async () => {
    await expect(saved({ notLowered: [] }, '/models/model.onnx')).rejects.toMatchObject({ code: 'usage' });
  });
});
