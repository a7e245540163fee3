// The model view in a real Chromium with 20,000 and 50,000 nodes: first paint, expanding, script per frame, metric switch, search; and how they grow.
import type { CDPSession, Page } from 'playwright-core';
import { PageHarness, findChromium } from '../test/webview-browser/harness';
import { printFigure } from './support/print';

/** How long the graph is panned, and zoomed. */
const moveMs = 6000;
/** Between two measurements: words are still being written into the picture. */
const restMs = 2000;
/** Fresh pages for what happens once in a page. */
const openings = 3;
const sizes = [20_000, 50_000] as const;
const growthSizes = [1000, 10_000, 50_000, 100_000] as const;
/** Typed and taken back letter by letter: all layers match, some, one, none. */
const typed = 'stage12 conv_18x';
const metrics = ['macs', 'flops', 'weightBytes', 'parameters', 'macs', 'flops', 'weightBytes', 'parameters'] as const;

async function main(): Promise<void> {
  const executable = findChromium();
  if (executable === undefined) {
    console.log('webview: no Chromium or Chrome found (set CHROME_PATH); skipped.');
    return;
  }
  const harness = await PageHarness.start(executable);
  try {
    for (const count of sizes) await measure(harness, count);
    await measureGrowth(harness);
  } finally {
    await harness.stop();
  }
}

async function measure(harness: PageHarness, count: number): Promise<void> {
  console.log(` ${count.toLocaleString('en-US')} nodes`);
  const groups: number[] = [];
  for (let run = 0; run < openings; run += 1) {
    const { page } = await open(harness, `fixtures.manyNodes(${count.toString()}, 1000)`);
    // Layers of groups that are closed yet: to be shown, the groups open.
    for (const group of [5, 9]) groups.push(await untilCards(page, `window.postMessage({ type: 'select', layer: window.many.layers.keys[${(group * 1000 + 500).toString()}] })`, `window.__lathe.drawnCards() + 999`));
    await page.context().close();
  }
  print('a group of 1,000 expanded, to its frame', groups, 500);
  const first: number[] = [];
  const all: number[] = [];
  for (let run = 1; run < openings; run += 1) {
    const opened = await open(harness, `fixtures.manyNodes(${count.toString()})`);
    first.push(opened.firstPaint);
    all.push(await expandAll(opened.page, count));
    await opened.page.context().close();
  }
  const { page, firstPaint } = await open(harness, `fixtures.manyNodes(${count.toString()})`);
  print('first paint, with at least 200 cards', [...first, firstPaint], 2000);
  print('expand all', [...all, await expandAll(page, count)]);
  printFigure({ what: 'cards in the instance buffer', value: await page.evaluate<number>('window.__lathe.instancesOnDevice()'), unit: '', digits: 0, atLeast: count });
  const clock = await page.context().newCDPSession(page);
  await clock.send('Performance.enable', { timeDomain: 'threadTicks' });
  const switches: Reaction[] = [];
  for (const metric of metrics) switches.push(await reaction(page, clock, `document.getElementById('tab-${metric}').click()`));
  printReactions('metric switch', switches, 50);
  const keys: Reaction[] = [];
  const texts = [...Array.from(typed, (_, at) => typed.slice(0, at + 1)), ...Array.from(typed, (_, at) => typed.slice(0, typed.length - 1 - at))];
  for (const text of texts) {
    keys.push(await reaction(page, clock, `(() => { const field = document.querySelector('.search-field'); field.value = '${text}'; field.dispatchEvent(new InputEvent('input', { bubbles: true })); })()`));
  }
  printReactions('search', keys, 50);
  print('script per frame, panning', await frames(page, 'view.pan(step % 40 < 20 ? 37 : -37, 11)'), 4);
  print('script per frame, zooming', await frames(page, 'view.setCamera({ ...view.getCamera(), scale: view.getCamera().scale * (step % 60 < 30 ? 1.03 : 1 / 1.03) })'), 4);
  await page.context().close();
}

/** A fresh page with a model, and the milliseconds from its message to the frame with 200 cards (or all, of a small one). */
async function open(harness: PageHarness, model: string): Promise<{ readonly page: Page; readonly firstPaint: number }> {
  const { page } = await harness.open({ page: 'modelView' });
  await page.evaluate(`window.many = ${model}`);
  const firstPaint = await untilCards(page, "window.postMessage({ type: 'snapshot', snapshot: window.many })", 'Math.min(200, window.many.layers.count / 20)');
  return { page, firstPaint };
}

async function expandAll(page: Page, count: number): Promise<number> {
  await page.waitForTimeout(restMs);
  return untilCards(page, "[...document.querySelectorAll('vscode-button')].find((button) => button.textContent === 'Expand all').click()", count.toString());
}

/** Milliseconds from an act until at least so many cards are drawn. */
async function untilCards(page: Page, act: string, least: string): Promise<number> {
  return page.evaluate<number>(`new Promise((done) => {
    const least = ${least};
    const started = performance.now();
    ${act};
    const look = () => window.__lathe.drawnCards() >= least ? done(performance.now() - started) : setTimeout(look, 1);
    look();
  })`);
}

/** Waits until what was drawn is painted: where the processor does a graphics card's work, the next frame would else wait for it. */
const painted = "(() => { const gl = document.querySelector('.graph-surface').getContext('webgl2'); gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); })()";

interface Reaction {
  /** From the act until the script of the frame that shows it has run; with whatever else the machine does meanwhile. */
  readonly wall: number;
  /** Of the page's own thread. */
  readonly processor: number;
}

/** How long an act takes to be shown, in milliseconds. */
async function reaction(page: Page, clock: CDPSession, act: string): Promise<Reaction> {
  await page.waitForTimeout(restMs / 4);
  await page.evaluate(painted);
  const before = await processorTime(clock);
  const wall = await page.evaluate<number>(`new Promise((done) => {
    window.__lathe.takeFrameTimes();
    const started = performance.now();
    ${act};
    const look = () => window.__lathe.takeFrameTimes().length > 0 ? done(performance.now() - started) : setTimeout(look, 1);
    look();
  })`);
  return { wall, processor: (await processorTime(clock)) - before };
}

/** Milliseconds of processor time that the page's thread has used. */
async function processorTime(clock: CDPSession): Promise<number> {
  const { metrics: figures } = await clock.send('Performance.getMetrics');
  return (figures.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
}

function printReactions(what: string, times: readonly Reaction[], atMost: number): void {
  print(`${what}, to the end of its frame`, times.map(({ wall }) => wall), atMost);
  print(`${what}, processor time of the page`, times.map(({ processor }) => processor), atMost);
}

/** Script milliseconds of each frame while the camera moves at every frame. */
async function frames(page: Page, move: string): Promise<number[]> {
  await page.waitForTimeout(restMs);
  return page.evaluate<number[]>(`(async () => {
    const view = window.__lathe.view();
    const times = [];
    const started = performance.now();
    for (let step = 0; performance.now() - started < ${moveMs.toString()}; step += 1) {
      ${painted};
      window.__lathe.takeFrameTimes();
      ${move};
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      times.push(...window.__lathe.takeFrameTimes());
    }
    return times;
  })()`);
}

/** First paint and expand-all from 1,000 to 100,000 nodes: the exponent of a power law through the four, at most 1.1 for linear cost. */
async function measureGrowth(harness: PageHarness): Promise<void> {
  const paints: number[] = [];
  const expands: number[] = [];
  for (const count of growthSizes) {
    const { page, firstPaint } = await open(harness, `fixtures.manyNodes(${count.toString()})`);
    paints.push(firstPaint);
    expands.push(await expandAll(page, count));
    await page.context().close();
  }
  console.log(` growth at ${growthSizes.map((count) => count.toLocaleString('en-US')).join(', ')} nodes`);
  for (const [what, times] of [['first paint', paints], ['expand all', expands]] as const) {
    printFigure({ what: `${what}: ${times.map((time) => time.toFixed(0)).join(', ')} ms; exponent`, value: exponent(growthSizes, times), unit: '', atMost: 1.1 });
  }
}

/** Slope of the least-squares line through the logarithms. */
function exponent(counts: readonly number[], times: readonly number[]): number {
  const points = counts.map((count, index) => [Math.log(count), Math.log(times[index] ?? Number.NaN)] as const);
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

/** Median and slowest; what is asked of a figure is asked of the median. */
function print(what: string, times: readonly number[], atMost?: number): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  printFigure({ what: `${what}, median of ${times.length.toString()}`, value: at(0.5), unit: 'ms', ...(atMost === undefined ? {} : { atMost }) });
  printFigure({ what: '  slowest', value: at(1), unit: 'ms' });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
