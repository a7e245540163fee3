// A recipe is about a model: one of the Hugging Face cache is asked about as by every other command, and its result goes elsewhere.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LatheError } from '../../src/base/errors';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { Work } = await import('../../src/extension/work');

const cached = '/hub/models--org--tiny/snapshots/0123/model.onnx';
const recipe = new FakeUri('file', '/models/tiny.lathe.json');
const report = { source: { path: cached }, conclusion: 'done', variants: [] };

let asked: string[] = [];
let ran: unknown[] = [];
let shown: string[] = [];
let measured: unknown[] = [];

/** Runs the recipe of a model; the person follows links or not. */
async function run(about: { readonly model: string; readonly output?: string }, follows: boolean): Promise<unknown> {
  const engine = {
    request: (method: string, params: unknown) => {
      if (method === 'recipe/read') return Promise.resolve(about);
      ran.push(params);
      return Promise.resolve(report);
    },
  };
  const model = {
    followsCacheLinks: () => {
      asked.push(about.model);
      return follows ? Promise.resolve(true) : Promise.reject(new LatheError('cache-link', 'The weights are links.', { file: cached }));
    },
  };
  const host = {
    engine: () => Promise.resolve(engine),
    jobs: { run: (_title: string, _uri: unknown, work: (context: object) => unknown) => work({}) },
    log: { info: () => undefined },
    models: { use: (_uri: unknown, use: (one: unknown) => unknown) => use(model) },
  };
  const panel = { reveal: (uri: FakeUri) => Promise.resolve(shown.push(uri.path)), addMeasurement: (_uri: FakeUri, one: unknown) => measured.push(one) };
  return await new Work(host as never, panel as never).runRecipe(recipe as never);
}

beforeEach(() => {
  asked = [];
  ran = [];
  shown = [];
  measured = [];
  fakeVscode.calls.length = 0;
});

describe('a recipe of a model in the Hugging Face cache', () => {
  it('runs with links followed once the person allowed it, and its report is shown with the model', async () => {
    await run({ model: cached, output: '/out/tiny.onnx' }, true);
    expect(asked).toEqual([cached]);
    expect(ran).toEqual([{ path: recipe.path, frozen: false, followCacheLinks: true }]);
    expect([shown.at(-1), measured]).toEqual([cached, [report]]);
  });

  it('does not run where the person does not allow it', async () => {
    await expect(run({ model: cached, output: '/out/tiny.onnx' }, false)).rejects.toMatchObject({ code: 'cache-link' });
    expect(ran).toEqual([]);
  });

  it('asks for another place where the recipe names none, and does not run without one', async () => {
    expect(await run({ model: cached }, true)).toBeUndefined();
    expect(fakeVscode.calls).toMatchObject([['showSaveDialog', { title: 'The Hugging Face cache is only read: where does the result go?' }]]);
    expect(ran).toEqual([]);
  });
});

describe('a recipe of any other model', () => {
  it('asks nothing', async () => {
    await run({ model: '/models/model.onnx' }, true);
    expect([asked, fakeVscode.calls.filter(([name]) => name === 'showSaveDialog')]).toEqual([[], []]);
    expect(ran).toEqual([{ path: recipe.path, frozen: false, followCacheLinks: false }]);
  });
});
