// Both pages in a real browser: they draw what they are sent, in every theme and at narrow widths, without errors.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, PageHarness } from './harness';
import { themes, type ThemeName } from './themes';

const chromium = findChromium();
if (chromium === undefined) console.log('No Chromium or Chrome found: the pages are not tested in a browser. Set CHROME_PATH to one.');
const names = Object.keys(themes) as ThemeName[];

describe.skipIf(chromium === undefined)('the pages in a browser', () => {
  let harness: PageHarness;
  beforeAll(async () => {
    harness = await PageHarness.start(chromium ?? '');
  });
  afterAll(async () => {
    await harness.stop();
  });

  it.each(names)('draw the model view in %s', async (theme) => {
    const view = await harness.open({ page: 'modelView', theme });
    await view.post("{ type: 'snapshot', snapshot: fixtures.resnet50() }");
    await view.waitForCards(5);
    await view.settle();
    await view.screenshot(`model-${theme}`);
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it.each(names)('draw the benchmark view in %s', async (theme) => {
    const view = await harness.open({ page: 'benchmarkView', theme, width: 460, height: 1100 });
    await view.post("{ type: 'reports', model: '/models/rec.onnx', reports: [fixtures.report()] }");
    await view.page.waitForSelector('canvas');
    await view.settle();
    await view.screenshot(`benchmark-${theme}`);
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it.each([280, 460])('keep every figure of the benchmark in sight at %i pixels, a width of the side panel', async (width) => {
    const view = await harness.open({ page: 'benchmarkView', theme: 'light', width, height: 900 });
    await view.post("{ type: 'reports', model: '/models/rec.onnx', reports: [fixtures.report()] }");
    await view.page.getByRole('table').first().waitFor();
    const cut = await view.page.evaluate<number>("Math.max(...[...document.querySelectorAll('table')].map((table) => table.getBoundingClientRect().right)) - document.documentElement.clientWidth");
    await view.screenshot(`benchmark-${width.toString()}`);
    expect(cut).toBeLessThanOrEqual(0);
    await view.close();
  });

  it('open the call of a function as a group, and tell what it calls', async () => {
    const view = await harness.open({ page: 'modelView', theme: 'light' });
    await view.post("{ type: 'snapshot', snapshot: fixtures.withFunctions() }");
    await view.waitForCards(4);
    await view.page.getByRole('button', { name: 'Inline all functions' }).click();
    expect(await view.sent()).toContainEqual({ type: 'inline' });
    await view.post("{ type: 'select', layer: 'encoder_0/attention' }");
    await view.post("{ type: 'select', layer: 'encoder_0' }");
    await view.settle();
    expect((await view.sent()).filter(({ type, layer }) => type === 'detail' && layer === 'encoder_0')).toHaveLength(1);
    await view.post("{ type: 'detail', detail: fixtures.callDetail('encoder_0') }");
    await view.settle();
    const inspector = await view.page.locator('.inspector').innerText();
    expect(inspector).toMatch(/Function acme\.nn::TransformerBlock · 8 layers/);
    expect(inspector).toContain('Self-attention and a residual connection, normalised after.');
    expect(inspector).toContain('epsilon');
    expect(inspector).toContain('TransformerBlock <epsilon = 0.00001> (hidden) → (mixed)');
    await view.page.getByRole('button', { name: 'Show in text' }).click();
    await view.page.getByRole('button', { name: 'Inline function' }).click();
    expect(await view.sent()).toEqual(expect.arrayContaining([{ type: 'openText', layer: 'encoder_0' }, { type: 'inline', function: 'acme.nn::TransformerBlock' }]));
    await view.screenshot('model-function');
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it('draw the model view in a narrow column', async () => {
    const view = await harness.open({ page: 'modelView', width: 480 });
    await view.post("{ type: 'snapshot', snapshot: fixtures.resnet50() }");
    await view.waitForCards(5);
    await view.settle();
    await view.screenshot('model-narrow');
    expect(await view.page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await view.close();
  });

  it('draw the model view without WebGL2, and say so', async () => {
    const view = await harness.open({ page: 'modelView', webgl: false });
    await view.post("{ type: 'snapshot', snapshot: fixtures.resnet50() }");
    await view.waitForCards(5);
    await view.settle();
    await view.screenshot('model-canvas');
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it('say of a report that is off that it cannot be shown, and show the others', async () => {
    const view = await harness.open({ page: 'benchmarkView', width: 460, height: 1100 });
    await view.post("{ type: 'reports', model: '/models/rec.onnx', reports: [{ ...fixtures.report('2025-01-02T10:00:00Z'), confirmation: {} }, fixtures.report()] }");
    const alert = view.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain('This report cannot be shown.');
    await view.page.locator('.history .link').nth(1).click();
    await view.page.waitForSelector('canvas');
    expect(await alert.count()).toBe(0);
    await view.close();
  });

  it('say of a model view that cannot be drawn that it cannot', async () => {
    const view = await harness.open({ page: 'modelView' });
    await view.post("{ type: 'snapshot', snapshot: fixtures.resnet50() }");
    await view.waitForCards(5);
    await view.post("{ type: 'findings', findings: [{}], deep: false }");
    const alert = view.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain('The page cannot be shown.');
    await view.close();
  });

  it('let arrow keys move within a row of choices, which Tab passes in one step', async () => {
    const view = await harness.open({ page: 'modelView', width: 480 });
    await view.post("{ type: 'snapshot', snapshot: fixtures.resnet50() }");
    await view.waitForCards(5);
    const graph = view.page.getByRole('radio', { name: 'Graph' });
    const treemap = view.page.getByRole('radio', { name: 'Treemap' });
    await graph.focus();
    await view.page.keyboard.press('ArrowRight');
    const states = async (): Promise<unknown> => await Promise.all([graph, treemap].map(async (one) => [await one.getAttribute('aria-checked'), await one.getAttribute('tabindex')]));
    expect(await states()).toEqual([['false', '-1'], ['true', '0']]);
    expect(await view.page.evaluate('document.activeElement.textContent')).toBe('Treemap');
    await view.page.getByRole('tab', { name: 'Layers' }).focus();
    await view.page.keyboard.press('End');
    expect(await view.page.getByRole('tabpanel', { name: 'Inspector' }).isVisible()).toBe(true);
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it('tell a screen reader of a job at its start, not at every step', async () => {
    const view = await harness.open({ page: 'benchmarkView' });
    await view.post("{ type: 'reports', model: '/models/rec.onnx', reports: [] }");
    for (const step of ['first', 'second', 'third']) {
      await view.post(`{ type: 'busy', job: 'a', title: 'Optimizing', message: '${step} step', fraction: 0.5 }`);
      await view.page.locator('.job-text', { hasText: step }).waitFor();
    }
    expect(await view.page.locator('.job [role=status]').innerText()).toContain('first step');
    expect(await view.page.locator('.job-text').innerText()).toContain('third step');
    await view.close();
  });

  it('tell the editor when they are ready', async () => {
    const view = await harness.open({ page: 'modelView' });
    await view.settle();
    expect((await view.sent()).map((message) => message['type'])).toContain('ready');
    await view.close();
  });
});
