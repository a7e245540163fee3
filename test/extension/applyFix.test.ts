// A fix that measures ranges asks for the data it cannot do without, so that it can end in a file; the others ask nothing.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fix } from '../../src/protocol/findings';
import type { OptimizeRequest } from '../../src/protocol/engine';
import { fakeVscode, FakeUri } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { Work } = await import('../../src/extension/work');

const fixOf = (technique: string): Fix => ({ id: technique, title: technique, technique, options: {}, estimate: {} });
const kinds: Readonly<Record<string, string>> = { '/data/photos': 'images', '/data/arrays': 'npy' };

const requests: OptimizeRequest[] = [];
const engine = {
  request: (method: string, params: { readonly path?: string } & OptimizeRequest) => {
    if (method === 'data/summary') return Promise.resolve({ kind: kinds[params.path ?? ''] });
    requests.push(params);
    if (method === 'model/inline') return Promise.resolve({ path: '/models/model.inlined.onnx', inlined: [{ function: 'own::f', calls: 2 }], kept: [] });
    return Promise.resolve({ source: { path: '/models/model.onnx' }, conclusion: 'done', variants: [] });
  },
};
const model = {
  bindings: {},
  findings: [{ fixes: [fixOf('quantize-static'), fixOf('simplify')] }],
  withDocument: (work: (client: unknown, document: number) => unknown) => work(engine, 1),
};
const host = {
  context: { workspaceState: { get: () => ['/data/arrays'], update: () => Promise.resolve() } },
  engine: () => Promise.resolve(engine),
  jobs: { run: (_title: string, _uri: unknown, work: (context: object) => unknown) => work({}) },
  log: { info: () => undefined },
  models: { use: (_uri: unknown, use: (one: unknown) => unknown) => use(model) },
};

/** Applies a fix while the person picks; gives what the engine was asked. */
async function applied(fix: string, ...picks: readonly string[]): Promise<readonly OptimizeRequest[]> {
  fakeVscode.picks.push(...picks);
  await new Work(host as never, { reveal: () => Promise.resolve() } as never).applyFix(new FakeUri('file', '/models/model.onnx') as never, fix);
  return requests;
}

beforeEach(() => {
  requests.length = 0;
  fakeVscode.calls.length = 0;
  fakeVscode.picks.length = 0;
  fakeVscode.folders.length = 0;
});

describe('a fix that measures ranges', () => {
  it('takes data used before', async () => {
    expect(await applied('quantize-static', 'arrays')).toMatchObject([{ fix: 'quantize-static', goal: 'latency', data: '/data/arrays' }]);
    expect(requests[0]).not.toHaveProperty('allowUncalibrated');
  });

  it('takes a folder of images, and how they are fed', async () => {
    fakeVscode.folders.push('/data/photos');
    expect(await applied('quantize-static', 'Choose a data folder…', 'BGR, 0 to 1')).toMatchObject([{ data: '/data/photos', pictures: { order: 'bgr', scale: 'unit' } }]);
  });

  it('keeps an uncalibrated result only by the person’s word', async () => {
    const [request] = await applied('quantize-static', 'Seeded random inputs');
    expect(request).toMatchObject({ allowUncalibrated: true });
    expect(request).not.toHaveProperty('data');
  });

  it('asks again after a dialog without a choice', async () => {
    expect(await applied('quantize-static', 'Choose a data folder…', 'arrays')).toMatchObject([{ data: '/data/arrays' }]);
  });

  it('does nothing where the person leaves', async () => {
    expect(await applied('quantize-static')).toEqual([]);
  });
});

describe('any other fix', () => {
  it('asks nothing', async () => {
    const [request] = await applied('simplify');
    expect(request).toEqual({ document: 1, goal: 'simplification', target: 'this machine', bindings: {}, fix: 'simplify' });
    expect(fakeVscode.calls.filter(([name]) => name === 'quickPick')).toEqual([]);
  });
});

describe('inlining functions', () => {
  it('asks the engine for one or for all, and offers to open the copy', async () => {
    const uri = new FakeUri('file', '/models/model.onnx') as never;
    const work = new Work(host as never, { reveal: () => Promise.resolve() } as never);
    await work.inlineFunctions(uri, 'own::f');
    await work.inlineFunctions(uri);
    expect(requests).toEqual([{ document: 1, bindings: {}, functions: ['own::f'] }, { document: 1, bindings: {} }]);
    expect(fakeVscode.calls.filter(([name]) => name === 'showInformationMessage').map(([, message]) => message)).toEqual(new Array(2).fill('2 calls inlined in model.inlined.onnx. Its outputs are those of the source bit for bit.'));
  });
});
