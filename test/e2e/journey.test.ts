// A person's way through, with the installed package: open a model, read it, profile it, see findings, fix one, optimize, compare.
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Browser, explorerRow, modelView, openFile, runCommand } from '../../scripts/vscode/workbench.mjs';
import { recognizer } from '../../scripts/workspace.mjs';
import { changeTheme, choose, chooseInMenu, drawnCards, eventually, filesIn, frameWithElement, frameWithText, openWorkbench, picture, widenSidePanel } from './support';

/** Candidates are made, compared and benchmarked one by one: minutes on a busy machine. */
const workTimeout = 600_000;

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
    await view.locator('vscode-button:not([disabled])', { hasText: 'Profile' }).waitFor({ timeout: 60_000 });
    await view.getByRole('tab', { name: /latency/i }).click();
    await picture(browser.page, 'model-view-profiled');
  }, 240_000);

  it.each(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const)('is drawn in the %s theme', async (theme) => {
    await changeTheme(browser.page, view, theme);
    expect(await drawnCards(view)).toBeGreaterThan(4);
    await picture(browser.page, `model-view-${theme}`, { docs: theme !== 'high-contrast-light' });
  });

  it('Problems lists the findings, rolled up on the model and one by one on its text', async () => {
    await changeTheme(browser.page, view, 'light');
    await runCommand(browser.page, 'Problems: Focus on Problems View');
    const rows = browser.page.locator('.markers-panel .monaco-list-row');
    await rows.filter({ hasText: 'recognizer.onnx.onnxtxt' }).first().waitFor({ timeout: 60_000 });
    await rows.filter({ hasText: /\d+ findings?/ }).first().waitFor({ timeout: 60_000 });
    await picture(browser.page, 'problems-light');
  });

  it('a finding opens the text at its line, where a fix can be chosen', async () => {
    const finding = browser.page.locator('.markers-panel .monaco-list-row', { hasText: / holds |of weights|oversized|BatchNormalization|HardSwish|Constant|scalar/i }).last();
    await finding.dblclick();
    const editor = browser.page.locator('.editor-instance[data-mode-id="onnxtxt"], .monaco-editor[data-uri*="onnxtxt"]').first();
    await editor.waitFor({ timeout: 30_000 });
    await editor.locator('.view-line').first().waitFor();
    await browser.page.locator('.codelens-decoration:visible', { hasText: /simplify|est\.|fixes/i }).first().waitFor({ timeout: 30_000 });
    await picture(browser.page, 'text-view-light');
  });

  it('the chosen fix makes a new file, checked and measured, and shows it beside the source without another click', async () => {
    const before = filesIn('PP-OCRv4');
    await browser.page.keyboard.press('Control+.');
    const list = browser.page.locator('.quick-input-widget .monaco-list-row');
    await list.first().waitFor({ timeout: 30_000 });
    await picture(browser.page, 'fixes');
    const simplify = list.filter({ hasText: /simplif|fold/i });
    await ((await simplify.count()) > 0 ? simplify : list).first().click();
    const report = await eventually('a report', () => (filesIn('PP-OCRv4').includes('.lathe') ? filesIn('PP-OCRv4/.lathe').find((name) => name.endsWith('.report.json')) : undefined), workTimeout);
    expect(report).toBeDefined();
    await frameWithText(browser.page, 'the benchmark panel', ['recognizer', 'measured here'], 60_000);
    expect(filesIn('PP-OCRv4')).toEqual(expect.arrayContaining(before));
    await picture(browser.page, 'fixed');
  }, workTimeout);

  it('Optimize Model… asks its questions, that of pictures among them, works with progress, and ends in the panel with what was tried', async () => {
    const reports = filesIn('PP-OCRv4/.lathe');
    await (await explorerRow(browser.page, recognizer)).click({ button: 'right' });
    await chooseInMenu(browser.page, 'Optimize Model…');
    await choose(browser.page, 'This machine');
    await choose(browser.page, 'Latency');
    await choose(browser.page, 'Choose a folder…');
    // VS Code's own dialog for choosing a folder, where the server has no desktop.
    const accept = browser.page.locator('.quick-input-widget .monaco-button:visible', { hasText: 'Use as data' });
    await accept.waitFor({ timeout: 30_000 });
    // The dialog overwrites what is typed while it still lists the folder it opened in: type again until it has followed.
    const box = browser.page.locator('.quick-input-widget input:visible').first();
    await eventually('the folder of text lines in the dialog', async () => {
      await box.fill('');
      await box.pressSequentially(`${join(inject('workspace'), 'text-lines')}/`);
      await browser.page.waitForTimeout(1500);
      const listed = await browser.page.locator('.quick-input-widget .monaco-list-row').allInnerTexts();
      return !listed.includes('.lathe') && (await box.inputValue()).includes('text-lines');
    });
    // The dialog ignores its button while it resolves what stands in the box.
    await eventually('the dialog to take the folder', async () => {
      await box.press('Enter', { timeout: 2000 }).catch(() => undefined);
      await browser.page.waitForTimeout(2500);
      return (await accept.count()) === 0;
    });
    // The data are pictures: how they are fed is asked too.
    await choose(browser.page, 'RGB, −1 to 1');
    await choose(browser.page, 'Default for the goal');
    await frameWithElement(browser.page, 'progress', '[role=progressbar], progress, .job', 60_000);
    await picture(browser.page, 'optimizing');
    await eventually('another report', () => filesIn('PP-OCRv4/.lathe').some((name) => name.endsWith('.report.json') && !reports.includes(name)), workTimeout);
    const panel = await frameWithText(browser.page, 'the variants', ['recognizer', 'measured here'], 60_000);
    await runCommand(browser.page, 'View: Hide Panel');
    await widenSidePanel(browser.page);
    await picture(browser.page, 'benchmark-light');
    await changeTheme(browser.page, panel, 'dark');
    await picture(browser.page, 'benchmark-dark');
    expect(filesIn('PP-OCRv4').filter((name) => name.endsWith('.onnx')).length).toBeGreaterThan(2);
  }, workTimeout);
});
