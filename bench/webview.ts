// The model view in a real Chromium with 20,000 nodes: first paint, expand all, script time per frame, metric switch.
import type { Page } from 'playwright-core';
import { PageHarness, findChromium, type TestPage } from '../test/webview-browser/harness';

/** How long the graph is panned, and zoomed. */
const moveMs = 8000;
/** Without a graphics card the frames of a move are still being painted when it ends. */
const restMs = 4000;

async function main(): Promise<void> {
  const executable = findChromium();
  if (executable === undefined) {
    console.log('webview: no Chromium or Chrome found (set CHROME_PATH); skipped.');
    return;
  }
  const harness = await PageHarness.start(executable);
  try {
    await measure(await harness.open({ page: 'modelView' }));
  } finally {
    await harness.stop();
  }
}

async function measure({ page }: TestPage): Promise<void> {
  await page.evaluate('window.many = fixtures.manyNodes()');
  const cards = (least: number): string => `new Promise((done) => {
    const look = () => window.__lathe.drawnCards() >= ${least.toString()} ? done(performance.now() - window.started) : requestAnimationFrame(look);
    look();
  })`;
  const firstPaint = await page.evaluate<number>(`(() => { window.started = performance.now(); window.postMessage({ type: 'snapshot', snapshot: window.many }); return ${cards(200)}; })()`);
  const firstCards = await page.evaluate<number>('window.__lathe.drawnCards()');
  await page.evaluate('window.started = performance.now()');
  await page.click('text=Expand all');
  const expandAll = await page.evaluate<number>(cards(20_000));
  const instances = await page.evaluate<number>('window.__lathe.instancesOnDevice()');
  const switches: number[] = [];
  for (const metric of ['macs', 'flops', 'weightBytes', 'parameters', 'macs']) {
    await page.waitForTimeout(restMs);
    switches.push(await switchTo(page, metric));
  }
  const panning = await frames(page, 'view.pan(step % 40 < 20 ? 37 : -37, 11)');
  const zooming = await frames(page, 'view.setCamera({ ...view.getCamera(), scale: view.getCamera().scale * (step % 60 < 30 ? 1.03 : 1 / 1.03) })');
  console.log(`webview, 20,000 nodes: first paint ${firstPaint.toFixed(0)} ms (${firstCards.toString()} cards); expand all ${expandAll.toFixed(0)} ms (${instances.toString()} in the instance buffer)`);
  console.log(`  script per frame, panning: ${summary(panning)}`);
  console.log(`  script per frame, zooming: ${summary(zooming)}`);
  console.log(`  metric switch, from the click to the end of the frame that shows it: ${summary(switches)}`);
}

/** Milliseconds from a click on a metric's tab until the script of the frame that draws it has run. */
async function switchTo(page: Page, metric: string): Promise<number> {
  return page.evaluate<number>(`new Promise((done) => {
    window.__lathe.takeFrameTimes();
    const started = performance.now();
    document.getElementById('tab-${metric}').click();
    const look = () => window.__lathe.takeFrameTimes().length > 0 ? done(performance.now() - started) : setTimeout(look, 1);
    look();
  })`);
}

/** Script milliseconds of each frame while the camera is moved every 16 ms; afterwards the page comes to rest. */
async function frames(page: Page, move: string): Promise<number[]> {
  await page.waitForTimeout(restMs);
  // By the clock, not by frames: without a graphics card a busy machine paints few of them.
  const times = await page.evaluate<number[]>(`new Promise((done) => {
    const view = window.__lathe.view();
    window.__lathe.takeFrameTimes();
    const started = performance.now();
    let step = 0;
    const timer = setInterval(() => {
      ${move};
      step++;
      if (performance.now() - started < ${moveMs.toString()}) return;
      clearInterval(timer);
      done(window.__lathe.takeFrameTimes());
    }, 16);
  })`);
  await page.waitForTimeout(restMs);
  return times;
}

function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(2);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, greatest ${at(1)} ms of ${times.length.toString()}`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
