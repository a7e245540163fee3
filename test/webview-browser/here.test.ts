// Benchmark here in a real browser: TensorFlow.js's backends and onnxruntime-web run a model in workers of the page, under its CSP.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { createHandlers } from '../../src/engine/handlers';
import type { PageModelSources } from '../../src/protocol/pageBenchmark';
import { readFileSync } from 'node:fs';
import { findChromium, PageHarness, type TestPage } from './harness';
import { graphDocument, tfjsFile } from '../support/tfjsModels';

const chromium = findChromium();
const snapshot = "{ type: 'snapshot', snapshot: { ...fixtures.resnet50(), summary: { ...fixtures.resnet50().summary, format: 'tfjs-graph' } } }";
const shards = { 'w.bin': new Uint8Array(Float32Array.of(10, 20).buffer) };

/** What the engine hands a page of a model. */
async function sourcesOf(file: string): Promise<PageModelSources> {
  const handlers = createHandlers({ log: silentLog, runnerState: () => undefined, overBudget: () => Promise.resolve('stop') });
  const { document } = await handlers['model/open']({ path: file, bindings: {} }, detachedContext());
  return await handlers['model/forPage']({ document, bindings: {} }, detachedContext());
}

/** Plays the editor: answers the page's request with the models, their bytes in two pieces. */
async function deliver(view: TestPage, { models, noTwin }: PageModelSources): Promise<void> {
  const run = await runOf(view);
  const tensors = models.map(({ runtime, fileBytes, inputs }) => ({ runtime, fileBytes, inputs: inputs.map(({ data, ...input }) => ({ ...input, data: [...(data as Uint8Array)] })) }));
  const revive = '.map((m) => ({ ...m, inputs: m.inputs.map((i) => ({ ...i, data: new Uint8Array(i.data) })) }))';
  await view.post(`{ type: 'pageModels', run: ${run.toString()}, models: ${JSON.stringify(tensors)}${revive}${noTwin === undefined ? '' : `, noTwin: ${JSON.stringify(noTwin)}`} }`);
  for (const [model, { files }] of models.entries())
    for (const [file, source] of files.entries()) {
      const bytes = typeof source === 'string' ? readFileSync(source) : Buffer.from(source);
      const half = Math.floor(bytes.length / 2);
      for (const [offset, piece] of [[0, bytes.subarray(0, half)], [half, bytes.subarray(half)]] as const)
        await view.post(`{ type: 'pageBytes', run: ${run.toString()}, model: ${model.toString()}, file: ${file.toString()}, offset: ${offset.toString()}, bytes: Uint8Array.from(atob('${piece.toString('base64')}'), (c) => c.charCodeAt(0)) }`);
    }
}

/** The run that the page asked models for last. */
async function runOf(view: TestPage): Promise<number> {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const asked = (await view.sent()).findLast(({ type }) => type === 'pageModels');
    if (asked !== undefined) return Number(asked['run']);
    await view.page.waitForTimeout(20);
  }
  throw new Error('The page asked for no models.');
}

describe.skipIf(chromium === undefined)('Benchmark here', () => {
  let harness: PageHarness;
  beforeAll(async () => {
    harness = await PageHarness.start(chromium ?? '');
  }, 120_000);
  afterAll(async () => {
    await harness.stop();
  });

  const opened = async (): Promise<TestPage> => {
    const view = await harness.open({ page: 'modelView' });
    await view.post(snapshot);
    await view.page.getByRole('button', { name: 'Benchmark here' }).click();
    return view;
  };

  it('measures WebGL, WebAssembly, plain JavaScript and the ONNX twin in onnxruntime-web, with nothing loaded before it is asked for', async () => {
    const view = await opened();
    const requests: string[] = [];
    view.page.on('request', (request) => requests.push(request.url()));
    await view.page.getByRole('checkbox', { name: 'Plain JavaScript slow' }).check();
    expect(requests).toEqual([]);
    await view.page.getByRole('button', { name: 'Run', exact: true }).click();
    await deliver(view, await sourcesOf(tfjsFile(graphDocument(), shards)));
    await view.page.getByText('Measured here, in this webview').waitFor({ timeout: 90_000 });
    const rows = await view.page.locator('.here tbody tr').allInnerTexts();
    await view.screenshot('here-first');
    expect(rows.map((row) => row.split('\n')[0]?.trim())).toEqual(['WebGL', 'WebAssembly', 'Plain JavaScript', 'onnxruntime-web']);
    expect(view.problems).toEqual([]);
    await view.close();
  }, 120_000);
});
