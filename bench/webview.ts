// The model view in a real Chromium with 20,000 nodes: first paint, expand all, script time per frame, metric switch.
import { PageHarness, findChromium, type TestPage } from '../test/webview-browser/harness';

/** How long the graph is panned. */
const panMs = 8000;

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
  await page.evaluate('window.__lathe.takeFrameTimes()');
  // By the clock, not by frames: without a graphics card a busy machine paints few of them.
  const panTimes = await page.evaluate<number[]>(`new Promise((done) => {
    const view = window.__lathe.view();
    const started = performance.now();
    let step = 0;
    const timer = setInterval(() => {
      view.pan(step++ % 40 < 20 ? 37 : -37, 11);
      if (performance.now() - started < ${panMs.toString()}) return;
      clearInterval(timer);
      done(window.__lathe.takeFrameTimes());
    }, 16);
  })`);
  const switchMs = await page.evaluate<number>(`new Promise((done) => {
    window.__lathe.takeFrameTimes();
    const started = performance.now();
    document.getElementById('tab-macs').click();
    const look = () => window.__lathe.takeFrameTimes().length > 0 ? done(performance.now() - started) : setTimeout(look, 1);
    look();
  })`);
  const sorted = [...panTimes].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN).toFixed(2);
  console.log(`webview, 20,000 nodes: first paint ${firstPaint.toFixed(0)} ms (${firstCards.toString()} cards); expand all ${expandAll.toFixed(0)} ms (${instances.toString()} in the instance buffer)`);
  console.log(`  panning, script per frame: median ${at(0.5)} ms, p95 ${at(0.95)} ms, greatest ${at(1)} ms over ${panTimes.length.toString()} frames; metric switch ${switchMs.toFixed(1)} ms`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
