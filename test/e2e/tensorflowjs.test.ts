// A TensorFlow.js developer's way through, with the installed package: model.json opens as text, by its CodeLens in the model view, and is measured in the page.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Browser, modelView, openFile } from '../../scripts/vscode/workbench.mjs';
import { eventually, filesIn, openWorkbench, picture } from './support';

const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } } };
const constant = { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }] } } } } };
const model = { format: 'graph-model', modelTopology: { node: [placeholder, constant, { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } }], versions: { producer: 716 } }, weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [2], dtype: 'float32' }] }] };

describe('a TensorFlow.js model', () => {
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(join(inject('workspace'), 'w.bin'), new Uint8Array(Float32Array.of(10, 20).buffer));
    writeFileSync(join(inject('workspace'), 'model.json'), JSON.stringify(model));
    browser = await openWorkbench();
  });

  afterAll(async () => {
    await picture(browser.page, 'tensorflowjs-last');
    await browser.close();
  });

  it('opens in the model view by its CodeLens', async () => {
    await openFile(browser.page, 'model.json');
    await browser.page.locator('.codelens-decoration a:visible', { hasText: 'Open in Model Lathe' }).first().click({ timeout: 90_000 });
    const view = await modelView(browser.page, 1);
    expect(await view.locator('h1').first().innerText()).toBe('model.json');
  }, 180_000);

  it('is measured in the page by TensorFlow.js and by onnxruntime-web', async () => {
    const view = await modelView(browser.page, 1);
    await view.getByRole('button', { name: 'Benchmark here' }).click();
    await view.getByRole('button', { name: 'Run', exact: true }).click();
    await view.getByText('Measured here, in this webview').waitFor({ timeout: 240_000 });
    const rows = await view.locator('.here tbody tr').allInnerTexts();
    const measured = rows.filter((row) => !row.includes('did not run')).map((row) => row.split('\n')[0]?.trim());
    expect(measured).toEqual(expect.arrayContaining(['WebAssembly', 'onnxruntime-web']));
    await picture(browser.page, 'tensorflowjs-benchmark');
  }, 300_000);

  it('is saved as ONNX beside it, and the new file opens', async () => {
    const view = await modelView(browser.page, 1);
    await view.getByRole('button', { name: 'Save as ONNX' }).click();
    await eventually('model.onnx', () => filesIn('.').includes('model.onnx'), 120_000);
  }, 180_000);
});
