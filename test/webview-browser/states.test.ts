// Every state a page can be in, in every theme: nothing is wider than the page, every text has the contrast that WCAG 2.2
// asks of it. A picture of each in one theme; PICTURES=all takes them in every theme.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measuredState } from '../../webview/model/here/usePageBenchmark';
import { resnet50 } from '../webview/fixtures';
import { faintTexts } from './contrast';
import { findChromium, PageHarness, type OpenOptions, type TestPage } from './harness';
import { themes, type ThemeName } from './themes';

const chromium = findChromium();
const names = Object.keys(themes) as ThemeName[];

interface PageState {
  readonly name: string;
  readonly open: Omit<OpenOptions, 'theme'>;
  /** Messages as JavaScript expressions. */
  readonly messages: readonly string[];
  readonly act?: (view: TestPage) => Promise<void>;
  /** Waits until the graph draws. */
  readonly cards?: number;
}

const model = { page: 'modelView' } as const;
const compare = { page: 'compareView', width: 1600 } as const;
const bench = { page: 'benchmarkView', width: 460, height: 1500 } as const;
const snapshot = "{ type: 'snapshot', snapshot: { ...fixtures.resnet50(), findings: fixtures.findings } }";
const profile = "{ type: 'profile', profile: fixtures.profileOf(fixtures.resnet50()) }";
const comparison = "{ type: 'comparison', comparison: fixtures.changedModels() }";
const measured = "{ type: 'measured', measurement: fixtures.measurementOf(fixtures.changedModels()) }";
const pick = (key: string): string => `{ type: 'select', side: 'before', layer: ${key} }`;
const select = "{ type: 'select', layer: fixtures.hottestKey }";
const detail = "{ type: 'detail', detail: fixtures.detailOf(fixtures.resnet50(), fixtures.hottestKey) }";
const busy = "{ type: 'busy', job: 'a', title: 'Optimizing resnet50.onnx', message: 'Measuring variant 2 of 4 · about 40 s left', fraction: 0.4 }";
const waiting = "{ type: 'busy', job: 'b', title: 'Profiling resnet50.onnx', message: 'Starting the runner' }";
const error = "{ type: 'error', error: { code: 'malformed', message: 'The file is not an ONNX model: it begins as an HTML page does.', file: '/models/resnet50.onnx', item: 'offset 0', hint: 'A download may have been saved instead of the file.' } }";
const died = "{ type: 'engineDied', message: 'It ended with signal SIGKILL.' }";
const search = async ({ page }: TestPage, text: string): Promise<void> => {
  await page.locator('.search-field').click();
  await page.keyboard.type(text);
};
/** What a benchmark in the page leaves behind; figures made up. */
const here = {
  view: 'here', here: {
    of: measuredState(resnet50()), noTwin: 'It cannot be converted to ONNX: Bincount bins, ONNX has no operator that counts values.',
    benchmark: {
      reference: 'wasm', rounds: 24, drift: 0.01, measuredAt: '2026-01-02T03:04:05.678Z',
      measured: [
        { backend: 'webgl', runtime: 'tfjs 4.22.0 webgl', device: 'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)', software: true, loadMs: 412, firstMs: 3120, medianMs: { value: 286, low: 281, high: 293 }, samplesMs: [286], ratio: { value: 4.1, low: 4.02, high: 4.2 }, verdict: 'slower', sqnrDb: 121 },
        { backend: 'wasm', runtime: 'tfjs 4.22.0 wasm', loadMs: 96.4, firstMs: 88.1, medianMs: { value: 69.8, low: 69.2, high: 70.4 }, samplesMs: [69.8] },
        { backend: 'onnx', runtime: 'onnxruntime-web 1.30.0 wasm', loadMs: 240, firstMs: 21.5, medianMs: { value: 13.7, low: 13.6, high: 13.9 }, samplesMs: [13.7], ratio: { value: 0.196, low: 0.194, high: 0.199 }, verdict: 'faster', sqnrDb: 118 },
      ],
      failed: [{ backend: 'webgpu', problem: 'TensorFlow.js’s webgpu backend has no Bincount.' }],
    },
  },
};
const tfjs = "{ type: 'snapshot', snapshot: { ...fixtures.resnet50(), summary: { ...fixtures.resnet50().summary, format: 'tfjs-graph' }, findings: fixtures.findings } }";
const askHere = async ({ page }: TestPage): Promise<void> => {
  await page.getByRole('button', { name: 'Benchmark here' }).focus();
  await page.keyboard.press('Enter');
};
const failHere = async (view: TestPage): Promise<void> => {
  await askHere(view);
  await view.page.getByRole('button', { name: 'Run', exact: true }).click();
  await view.post("{ type: 'pageFailed', run: 1, error: { code: 'too-large', message: 'The model has 1.5 GB: a page cannot hold more than 1 GB.', hint: 'Use Benchmark, which runs it in a process of its own.' } }");
};
const reports = (...list: readonly string[]): string => `{ type: 'reports', model: '/models/rec.onnx', reports: [${list.join(', ')}] }`;

const states: readonly PageState[] = [
  { name: 'model', open: model, messages: [snapshot, profile, select, detail], cards: 5 },
  { name: 'model-sensitivity', open: model, messages: ["{ type: 'snapshot', snapshot: fixtures.withSensitivity(fixtures.resnet50()) }", select, detail], cards: 5, act: async ({ page }) => await page.getByRole('tab', { name: 'Sensitivity to int8' }).click() },
  { name: 'model-home', open: model, messages: [snapshot], cards: 5 },
  { name: 'model-waiting', open: model, messages: [waiting] },
  { name: 'model-error', open: model, messages: [error] },
  { name: 'model-engine-died', open: model, messages: [died] },
  { name: 'model-empty', open: model, messages: ["{ type: 'snapshot', snapshot: fixtures.emptyModel() }"] },
  { name: 'model-busy', open: model, messages: [snapshot, busy, waiting], cards: 5 },
  { name: 'model-banners', open: model, messages: [snapshot, error, "{ type: 'gone' }", died], cards: 5 },
  { name: 'model-hostile', open: model, messages: ["{ type: 'snapshot', snapshot: fixtures.hostileModel() }"], cards: 2 },
  { name: 'model-wide', open: model, messages: ["{ type: 'snapshot', snapshot: fixtures.wideAndDeep() }"], cards: 5 },
  { name: 'model-treemap', open: model, messages: [snapshot, profile, select, detail], act: async ({ page }) => await page.getByRole('radio', { name: 'Treemap' }).click() },
  { name: 'model-here', open: { ...model, state: here }, messages: [tfjs] },
  { name: 'model-here-narrow', open: { ...model, state: here, width: 460 }, messages: [tfjs] },
  { name: 'model-here-column', open: { ...model, state: here, width: 300 }, messages: [tfjs] },
  { name: 'model-here-first', open: model, messages: [tfjs], act: askHere },
  { name: 'model-here-onnx', open: model, messages: [snapshot], cards: 5, act: askHere },
  { name: 'model-here-running', open: { ...model, state: here }, messages: [tfjs], act: async ({ page }) => await page.getByRole('button', { name: 'Run again' }).click() },
  { name: 'model-here-error', open: model, messages: [tfjs], act: failHere },
  { name: 'model-search', open: model, messages: [snapshot], cards: 5, act: async (view) => await search(view, 'layer3 conv2') },
  { name: 'model-search-nothing', open: model, messages: [snapshot], cards: 5, act: async (view) => await search(view, 'nowhere') },
  { name: 'model-narrow', open: { ...model, width: 460 }, messages: [snapshot, profile], cards: 5 },
  { name: 'model-narrow-inspector', open: { ...model, width: 460 }, messages: [snapshot, profile, select, detail], cards: 5 },
  { name: 'model-short', open: { ...model, height: 360 }, messages: [snapshot], cards: 3 },
  { name: 'model-narrow-short', open: { ...model, width: 460, height: 400 }, messages: [snapshot], cards: 3 },
  { name: 'model-column', open: { ...model, width: 300 }, messages: [snapshot], cards: 3 },
  { name: 'model-canvas', open: { ...model, webgl: false }, messages: [snapshot], cards: 5 },
  { name: 'compare', open: compare, messages: [comparison, pick('fixtures.hottestKey')], cards: 3 },
  { name: 'compare-measured', open: compare, messages: [comparison, measured, pick("'/layer4/layer4.0/conv2/Conv'")], cards: 3 },
  { name: 'compare-error-metric', open: compare, messages: [comparison, measured], cards: 3, act: async ({ page }) => await page.getByRole('tab', { name: 'Error' }).click() },
  { name: 'compare-removed', open: compare, messages: [comparison, pick('fixtures.removedKey')], cards: 3, act: async ({ page }) => await page.getByRole('checkbox', { name: 'Only changed' }).click() },
  { name: 'compare-same', open: compare, messages: ["{ type: 'comparison', comparison: fixtures.sameModels() }"], cards: 3 },
  { name: 'compare-narrow', open: { ...compare, width: 460 }, messages: [comparison, measured, pick('fixtures.hottestKey')], cards: 1 },
  { name: 'compare-medium', open: { ...compare, width: 900 }, messages: [comparison, measured], cards: 1 },
  { name: 'compare-search', open: compare, messages: [comparison], cards: 3, act: async (view) => await search(view, 'layer3 conv2') },
  { name: 'compare-waiting', open: compare, messages: ["{ type: 'busy', job: 'a', title: 'Comparing resnet50.onnx and resnet50.int8.onnx', message: 'Starting' }"] },
  { name: 'compare-error', open: compare, messages: [error] },
  { name: 'compare-engine-died', open: compare, messages: [died] },
  { name: 'compare-banners', open: compare, messages: [comparison, error, "{ type: 'gone', side: 'after' }", died, "{ type: 'notice', message: 'This folder is not trusted: models can be viewed, not run.' }", busy], cards: 1 },
  { name: 'compare-empty', open: compare, messages: ["{ type: 'comparison', comparison: fixtures.manyPairs(fixtures.emptyModel()) }"] },
  { name: 'compare-hostile', open: compare, messages: ["{ type: 'comparison', comparison: fixtures.manyPairs(fixtures.hostileModel()) }"], cards: 1 },
  { name: 'compare-canvas', open: { ...compare, webgl: false }, messages: [comparison], cards: 3 },
  { name: 'benchmark', open: bench, messages: [reports('fixtures.longReport()', 'fixtures.leftAsItIs()')] },
  { name: 'benchmark-open', open: bench, messages: [reports('fixtures.longReport()')], act: async ({ page }) => await page.locator('summary').first().click() },
  { name: 'benchmark-left', open: bench, messages: [reports('fixtures.leftAsItIs()')] },
  { name: 'benchmark-300', open: { ...bench, width: 300 }, messages: [reports('fixtures.longReport()', 'fixtures.leftAsItIs()')] },
  { name: 'benchmark-no-model', open: { ...bench, height: 400 }, messages: ["{ type: 'reports', model: null, reports: [] }"] },
  { name: 'benchmark-nothing', open: { ...bench, height: 400 }, messages: [reports(), busy] },
  { name: 'benchmark-reading', open: { ...bench, height: 400 }, messages: [] },
  { name: 'benchmark-error', open: { ...bench, height: 600 }, messages: [reports(), error] },
];

describe.skipIf(chromium === undefined)('every state of the pages', () => {
  let harness: PageHarness;
  beforeAll(async () => {
    harness = await PageHarness.start(chromium ?? '');
  });
  afterAll(async () => {
    await harness.stop();
  });

  it.each(states)('is readable in every theme: $name', async ({ name, open, messages, act, cards }) => {
    const view = await harness.open(open);
    for (const message of messages) await view.post(message);
    if (cards !== undefined) await view.waitForCards(cards);
    await act?.(view);
    await view.settle();
    const faint: unknown[] = [];
    for (const theme of names) {
      await view.setTheme(theme);
      await view.settle(); // the toolkit reads the theme's colours after it changed
      if (theme === 'light' || process.env['PICTURES'] === 'all') await view.screenshot(`state-${name}-${theme}`);
      faint.push(...(await view.page.evaluate<object[]>(faintTexts)).map((text) => ({ theme, ...text })));
    }
    expect(faint).toEqual([]);
    expect(await view.page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    expect(view.problems).toEqual([]);
    await view.close();
  });
});
