// A graph of 20,000 nodes in the installed extension: it is drawn, and the editor goes on answering.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, modelView, openFile } from '../../scripts/vscode/workbench.mjs';
import { drawnCards, openWorkbench, picture } from './support';

const firstCards = 200;

describe('a graph of 20,000 nodes', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openWorkbench();
  });

  afterAll(async () => {
    await browser.close();
  });

  it('is drawn with at least 200 cards', async () => {
    const start = performance.now();
    await openFile(browser.page, 'samples/many-nodes.onnx');
    const view = await modelView(browser.page, firstCards);
    console.log(`from double click to ${await drawnCards(view)} cards: ${((performance.now() - start) / 1000).toFixed(1)} s (the view's first start in its browser included)`);
    expect(await view.getByRole('grid', { name: 'Layers' }).getAttribute('aria-rowcount')).toBe('20001');
    await picture(browser.page, 'many-nodes');
  });
});
