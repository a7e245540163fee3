// Bad input 29 in the editor: a model of the Hugging Face cache is asked about once, and opened only with the person's word.
import { describe, expect, it, vi } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { OpenModel } = await import('../../src/extension/openModel');
const { askCacheLinks, askOutput } = await import('../../src/extension/hubCache');

const settings = { threads: 1, provider: 'cpu', oversizedShare: 0.5, oversizedMinimum: 0.05 };
const cached = '/hub/models--org--tiny/snapshots/0123/model.onnx';

/** A model whose engine opens it only with links followed, and whose person answers as told. */
function opened(answer: boolean): { readonly model: InstanceType<typeof OpenModel>; readonly asked: string[]; readonly requests: unknown[]; restart: () => void } {
  const asked: string[] = [];
  const requests: unknown[] = [];
  const engine = {
    generation: 1,
    processId: 1,
    request: (method: string, params: { readonly followCacheLinks?: boolean }) => {
      if (method !== 'model/open') return Promise.resolve(method === 'model/findings' ? [] : { findings: [] });
      requests.push(params);
      return params.followCacheLinks === true ? Promise.resolve({ document: 7, files: [] }) : Promise.reject(new LatheError('cache-link', 'The weights are links.', { file: cached }));
    },
  };
  const ask = (path: string): Promise<boolean> => {
    asked.push(path);
    return Promise.resolve(answer);
  };
  const model = new OpenModel(new FakeUri('file', cached) as never, () => Promise.resolve(engine as never), ask);
  return { model, asked, requests, restart: () => engine.generation++ };
}

describe('a model of the Hugging Face cache', () => {
  it('is asked about once, and opened with the permission from then on', async () => {
    const { model, asked, requests, restart } = opened(true);
    await Promise.all([model.load(), model.text(), model.detail('a')]);
    expect(asked).toEqual([cached]);
    expect(requests).toEqual([{ path: cached, bindings: {}, settings }, { path: cached, bindings: {}, settings, followCacheLinks: true }]);
    restart();
    model.reload();
    await model.load();
    expect(await model.followsCacheLinks()).toBe(true);
    expect([asked.length, requests.length, requests.at(-1)]).toEqual([1, 3, { path: cached, bindings: {}, settings, followCacheLinks: true }]);
  });

  it('stays closed with an error where the person says no, and is not asked about again', async () => {
    const { model, asked, requests } = opened(false);
    await expect(model.load()).rejects.toMatchObject({ code: 'cache-link', file: cached });
    await expect(model.text()).rejects.toMatchObject({ code: 'cache-link' });
    await expect(model.followsCacheLinks()).rejects.toMatchObject({ code: 'cache-link' });
    expect(asked).toEqual([cached]);
    expect(requests).not.toContainEqual(expect.objectContaining({ followCacheLinks: true }));
    expect(model.failure?.code).toBe('cache-link');
  });

  it('is asked about in a modal question, whose dismissal is a no', async () => {
    fakeVscode.calls.length = 0;
    expect(await askCacheLinks(cached)).toBe(false);
    expect(fakeVscode.calls).toEqual([['showWarningMessage', 'The weights of model.onnx are links within the Hugging Face cache. Follow them?', expect.objectContaining({ modal: true }), 'Open Read-Only']]);
  });

  it('needs another place for a result, as no other model does', async () => {
    fakeVscode.calls.length = 0;
    expect(await askOutput(new FakeUri('file', '/models/model.onnx') as never)).toEqual({});
    expect(fakeVscode.calls).toEqual([]);
    expect(await askOutput(new FakeUri('file', cached) as never)).toBeUndefined();
    expect(fakeVscode.calls).toMatchObject([['showSaveDialog', { title: 'The Hugging Face cache is only read: where does the result go?' }]]);
  });
});
