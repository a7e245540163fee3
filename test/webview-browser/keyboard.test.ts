// The pages by keyboard alone: Tab passes everything once and in reading order, with the focus in sight, and comes out again.
import type { CDPSession } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, PageHarness, type TestPage } from './harness';

const chromium = findChromium();

interface AxNode {
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
}

/** Role and name of what has the focus, as the browser tells a screen reader. */
async function focused(session: CDPSession): Promise<string> {
  const { result } = (await session.send('Runtime.evaluate', { expression: 'document.activeElement.shadowRoot?.activeElement ?? document.activeElement' })) as { result: { objectId?: string } };
  const { nodes } = (await session.send('Accessibility.getPartialAXTree', { objectId: result.objectId ?? '', fetchRelatives: false })) as unknown as { nodes: readonly AxNode[] };
  return `${nodes[0]?.role?.value ?? ''} ${nodes[0]?.name?.value ?? ''}`;
}

/** Whether the focus changes how its element looks. */
async function isInSight({ page }: TestPage): Promise<boolean> {
  const box = await page.evaluate<{ x: number; y: number; width: number; height: number }>(`(() => {
    window.focusedElement = document.activeElement;
    const { left, top, right, bottom } = document.activeElement.getBoundingClientRect();
    const x = Math.max(0, Math.floor(left) - 3), y = Math.max(0, Math.floor(top) - 3);
    return { x, y, width: Math.min(innerWidth, Math.ceil(right) + 3) - x, height: Math.min(innerHeight, Math.ceil(bottom) + 3) - y };
  })()`);
  const withFocus = await page.screenshot({ clip: box, caret: 'hide' });
  await page.evaluate('window.focusedElement.blur()');
  const without = await page.screenshot({ clip: box, caret: 'hide' });
  await page.evaluate('window.focusedElement.focus()');
  return !withFocus.equals(without);
}

/** Presses Tab from the start of the page until it comes round, and gives the names of what it passed. */
async function walk(view: TestPage, most = 60): Promise<string[]> {
  const { page } = view;
  const session = await page.context().newCDPSession(page);
  const stops: string[] = [];
  const unseen: string[] = [];
  await page.evaluate('window.passed = new Set()');
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press('Tab');
    const isNew = await page.evaluate<boolean>('document.activeElement !== document.body && !window.passed.has(document.activeElement) && Boolean(window.passed.add(document.activeElement))');
    if (!isNew) {
      expect(unseen).toEqual([]);
      return stops;
    }
    stops.push(await focused(session));
    if (!(await isInSight(view))) unseen.push(stops.at(-1) ?? '');
  }
  throw new Error(`Tab does not come out again: ${stops.join(', ')}`);
}

describe.skipIf(chromium === undefined)('the pages by keyboard', () => {
  let harness: PageHarness;
  beforeAll(async () => {
    harness = await PageHarness.start(chromium ?? '');
  });
  afterAll(async () => {
    await harness.stop();
  });

  const resnet = async (width = 1400): Promise<TestPage> => {
    const view = await harness.open({ page: 'modelView', width });
    await view.post("{ type: 'snapshot', snapshot: { ...fixtures.resnet50(), findings: fixtures.findings } }");
    await view.waitForCards(5);
    await view.settle();
    return view;
  };

  const head = ['textbox Value of dimension batch', 'button Profile', 'button Benchmark here', 'button Optimize…', 'tab Parameters', 'textbox Search layers by name, operator or shape'];
  const picture = ['application Graph of the model', 'button Zoom out', 'button Zoom in', 'button Fit', 'button Expand all', 'button Collapse all', 'radio Graph', 'separator Height of the table'];
  const firstCell = 'gridcell /layer4/layer4.0/conv2/Conv';

  it('pass everything of the model view in reading order, with the focus in sight', async () => {
    const view = await resnet();
    expect(await walk(view)).toEqual([
      ...head, ...picture, firstCell, 'separator Width of the inspector',
      'button Show as text', 'button /layer3/layer3.0/conv2/Conv', 'button Quantize this layer to int8 (static)', 'button Store as float16', 'DisclosureTriangle 1 more', 'button Raise the opset to 13',
    ]);
    await view.close();
  });

  it('pass everything of the model view in a narrow column', async () => {
    const view = await resnet(460);
    expect(await walk(view)).toEqual([...head, ...picture, 'tab Layers', firstCell]);
    await view.close();
  });

  const compared = async (width = 1600): Promise<TestPage> => {
    const view = await harness.open({ page: 'compareView', width });
    await view.post("{ type: 'comparison', comparison: fixtures.changedModels() }");
    await view.waitForCards(3);
    await view.settle();
    return view;
  };

  it.each([1600, 460])('pass everything of two graphs side by side in reading order, with the focus in sight: %i pixels', async (width) => {
    const view = await compared(width);
    const graph = (side: string, file: string): string[] => [`application Graph ${side}, ${file}`, 'button Zoom out', 'button Zoom in', 'button Fit', 'button Expand all', 'button Collapse all'];
    expect(await walk(view)).toEqual([
      'button As text', 'button Measure', 'tab Δ Weight bytes', 'checkbox Only changed', 'textbox Search layers by name, operator or shape',
      ...graph('A', 'resnet50.onnx'), ...graph('B', 'resnet50.int8.onnx'), 'separator Height of the table', 'gridcell − removed',
    ]);
    await view.close();
  });

  it('select in two graphs at once, from either and from the table', async () => {
    const view = await compared();
    const { page } = view;
    const says = async (side: string): Promise<string> => await page.getByRole('region', { name: new RegExp(`^${side},`, 'u') }).locator('.side-says').innerText();
    const selectedCard = async (side: 'before' | 'after'): Promise<string> => await page.evaluate<string>(`(() => { const view = window.__latheCompare.view('${side}'); return view.selected < 0 ? '' : view.text(view.selected).title; })()`);
    await page.getByRole('application', { name: /^Graph A/u }).focus();
    await page.keyboard.press('ArrowDown');
    await view.settle();
    expect([await says('A'), await says('B')]).toEqual(['/conv1/Conv: operators', '/conv1/Conv: operators']);
    expect([await selectedCard('before'), await selectedCard('after')]).toEqual(['≠ Conv', '≠ Conv']);
    // The pooling layers of either have no counterpart.
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await view.settle();
    expect([await says('A'), await says('B'), await selectedCard('after')]).toEqual(['/maxpool/MaxPool: removed', 'no counterpart of the selection in A', '']);
    // A row of a closed group: the group opens on both sides.
    await page.keyboard.press('/');
    await page.keyboard.type('layer4.2 conv2');
    await page.keyboard.press('Enter');
    await view.settle();
    expect([await selectedCard('before'), await selectedCard('after')]).toEqual(['≠ Conv', '≠ QLinearConv']);
    expect(await page.locator('.row.selected').innerText()).toContain('/layer4/layer4.2/conv2/Conv');
    // A group opened in one opens in the other.
    const frames = async (): Promise<unknown> => await page.evaluate("['before', 'after'].map((side) => window.__latheCompare.view(side).scene.frames)");
    await page.getByRole('region', { name: /^B,/u }).getByRole('button', { name: 'Collapse all' }).click();
    await view.settle();
    expect(await frames()).toEqual([0, 0]);
    expect(view.problems).toEqual([]);
    await view.close();
  });

  it('pass everything of the benchmark, its folded steps in one stop', async () => {
    const view = await harness.open({ page: 'benchmarkView', width: 460, height: 1500 });
    await view.post("{ type: 'reports', model: '/models/rec.onnx', reports: [fixtures.longReport(), fixtures.leftAsItIs()] }");
    await view.page.waitForSelector('canvas');
    expect(await walk(view)).toEqual([
      'button rec.int8.onnx', 'button Open', 'button Compare graphs', 'DisclosureTriangle 2 steps · 30 notes · 17 layers left as they were', 'button int8, everything', 'button simplified float', 'button float16', 'button dynamic int8',
      'radio Operators', 'button Open the full report', 'button 2025-01-01', 'button 2024-12-30', 'button Optimize…',
    ]);
    const step = view.page.getByText('440 → 371 nodes');
    expect(await step.isVisible()).toBe(false);
    await view.page.locator('summary').focus();
    await view.page.keyboard.press('Enter');
    expect(await step.isVisible()).toBe(true);
    await view.close();
  });

  it('walk the table from its rows into its head, whose buttons sort, and back', async () => {
    const { page, close } = await table();
    await page.keyboard.press('ArrowUp');
    expect(await inFocus(page)).toContain('Layer');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('columnheader', { name: 'Operator' }).getAttribute('aria-sort')).toBe('ascending');
    expect(await inFocus(page)).toContain('Operator');
    await page.keyboard.press('ArrowDown');
    expect(await inFocus(page)).toBe('Add');
    await close();
  });

  it('find the table by Tab wherever it is scrolled to', async () => {
    const { page, close } = await table();
    await page.getByRole('separator', { name: 'Height of the table' }).focus();
    await page.evaluate("document.querySelector('.table').scrollTop = 2000");
    await page.waitForTimeout(200);
    await page.keyboard.press('Tab');
    expect(await inFocus(page)).toBe('/layer4/layer4.0/conv2/Conv');
    await close();
  });

  it('go from a row to the inspector that takes its place in a narrow column', async () => {
    const { page, close } = await table(460);
    await page.keyboard.press('Enter');
    await page.waitForTimeout(200);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Inspector');
    await close();
  });

  it('search: slash, letters, Enter from match to match, arrow down into the list, Escape out of it', async () => {
    const view = await resnet();
    const { page } = view;
    await page.keyboard.press('/');
    await page.keyboard.type('layer3 conv2');
    const found = page.locator('.matches');
    await found.getByText('layers match').waitFor({ state: 'attached' });
    expect(await found.innerText()).toMatch(/^6\b/u);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await found.innerText()).toMatch(/^2 of 6\b/u);
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Shift+Enter');
    expect(await found.innerText()).toMatch(/^6 of 6\b/u);
    expect(await page.locator('.row.selected').innerText()).toContain('/layer3/layer3.5/conv2/Conv');
    // The group around the match has opened: the graph shows the layer itself.
    await view.settle();
    expect(await page.evaluate('window.__lathe.view().scene.cardOfGroup.filter((card) => card >= 0).length')).toBeGreaterThan(0);
    await page.keyboard.press('ArrowDown');
    await view.settle();
    expect(await inFocus(page)).toBe('/layer3/layer3.5/conv2/Conv');
    await page.keyboard.press('Control+f');
    await page.keyboard.press('Escape');
    expect(await found.innerText()).toBe('');
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe('123');
    await view.close();
  });

  it('go into a group of the treemap and out again', async () => {
    const view = await resnet();
    const { page } = view;
    await page.getByRole('radio', { name: 'Graph' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('application', { name: 'Treemap of Parameters' }).focus();
    await view.settle();
    await page.keyboard.press('ArrowRight');
    await view.settle();
    await page.keyboard.press('Enter');
    const up = page.getByRole('button', { name: 'Up' });
    await up.waitFor();
    await page.keyboard.press('Escape');
    await up.waitFor({ state: 'detached' });
    await view.close();
  });

  const inFocus = async (page: TestPage['page']): Promise<string> => await page.evaluate<string>('document.activeElement.textContent');

  /** The keyboard on the table's first cell. */
  async function table(width?: number): Promise<{ readonly page: TestPage['page']; readonly close: () => Promise<void> }> {
    const view = await resnet(width);
    await view.page.getByRole('gridcell').first().focus();
    return { page: view.page, close: async () => await view.close() };
  }
});
