// A person's way through, with the installed package: open a model, read it, profile it, see its findings.
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, modelView, openFile, runCommand } from '../../scripts/vscode/workbench.mjs';
import { recognizer } from '../../scripts/workspace.mjs';
import { openWorkbench, picture } from './support';

describe('from a model to a better one', () => {
  let browser: Browser;
  let view: Frame;

  beforeAll(async () => {
    browser = await openWorkbench();
  });

  afterAll(async () => {
    await picture(browser.page, 'last');
    await browser.close();
  });

  it('a double click in the explorer shows the model as cards, in a profile that never saw the extension', async () => {
    await openFile(browser.page, recognizer);
    view = await modelView(browser.page, 5);
    expect(await view.locator('h1').first().innerText()).toBe('recognizer.onnx');
    expect(await view.getByRole('grid', { name: 'Layers' }).getByRole('row').count()).toBeGreaterThan(5);
    await picture(browser.page, 'model-view-first');
  });

  it('the heat follows the metric that is chosen', async () => {
    const tab = view.getByRole('tab', { name: 'MACs' });
    await tab.click();
    await expect.poll(async () => await tab.getAttribute('aria-selected')).toBe('true');
    expect(await view.locator('.legend').getAttribute('aria-label')).toContain('MACs');
  });

  it('a row of the table selects its layer everywhere', async () => {
    const row = view.getByRole('grid', { name: 'Layers' }).locator('[data-row="2"]');
    await row.click();
    await expect.poll(async () => await row.getAttribute('aria-selected')).toBe('true');
    await picture(browser.page, 'model-view-selected');
  });

  it('Profile turns the heat into milliseconds measured here', async () => {
    await view.getByRole('button', { name: 'Profile' }).click();
    await view.getByText('measured here').first().waitFor({ timeout: 180_000 });
    await view.getByRole('tab', { name: /latency/i }).click();
    await picture(browser.page, 'model-view-profiled');
  }, 240_000);

  it('Problems lists the findings, rolled up on the model and one by one on its text', async () => {
    await runCommand(browser.page, 'Problems: Focus on Problems View');
    const rows = browser.page.locator('.markers-panel .monaco-list-row');
    await rows.filter({ hasText: 'recognizer.onnx.onnxtxt' }).first().waitFor({ timeout: 60_000 });
    await rows.filter({ hasText: /\d+ findings?/ }).first().waitFor({ timeout: 60_000 });
    await picture(browser.page, 'problems-light', { docs: true });
  });
});
