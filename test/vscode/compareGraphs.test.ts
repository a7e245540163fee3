// Compare With…, Graphs: two models side by side in one panel, opened from the file, from the diff editor and from there back; what was measured of them.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { ComparePanel } from '../../src/extension/comparePanel';
import { api, digits, eventually, flawed, openModel, workspaceFile } from './support';

const runTimeout = 180_000;

/** The panel of the tab that is shown. */
function isShown(): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputWebview && input.viewType.includes('modelLathe.compare');
}

async function newest(): Promise<ComparePanel | undefined> {
  const { graphs } = await api();
  return (await graphs()).all().at(-1);
}

describe('two graphs side by side', () => {
  it('are compared once the page is there, and again in the one panel of the pair', async () => {
    const source = await openModel(digits);
    const other = workspaceFile(flawed);
    await vscode.commands.executeCommand('modelLathe.compareWith', source, [source, other], 'graphs');
    await eventually('the panel', isShown);
    const comparison = await eventually('the comparison', async () => (await newest())?.comparison);
    assert.equal(comparison.before.summary.path, source.fsPath);
    assert.equal(comparison.after.summary.path, other.fsPath);
    assert.equal(comparison.pairs.changes.length, comparison.pairs.count);
    await vscode.commands.executeCommand('modelLathe.compareGraphs', source, other);
    const { graphs } = await api();
    assert.equal((await graphs()).all().length, 1);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await eventually('the panel is gone', async () => (await graphs()).all().length === 0);
  });

  it('are a command away from their texts, and these from them', async () => {
    const source = await openModel(digits);
    await vscode.commands.executeCommand('modelLathe.compareWith', source, [source, workspaceFile(flawed)], 'structure');
    const diff = await eventually('the diff editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputTextDiff ? input : undefined;
    });
    await vscode.commands.executeCommand('modelLathe.compareGraphs', diff.modified);
    await eventually('the panel', isShown);
    assert.ok(await eventually('the comparison', async () => (await newest())?.comparison));
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('are compared anew when a file changes, and measured on request', async function () {
    this.timeout(runTimeout);
    const source = await openModel(digits);
    const copy = workspaceFile('samples/compared.onnx');
    await vscode.workspace.fs.copy(source, copy, { overwrite: true });
    try {
      await vscode.commands.executeCommand('modelLathe.compareGraphs', source, copy);
      const panel = await eventually('the panel', newest);
      const first = await eventually('the comparison', () => panel.comparison);
      assert.ok(first.pairs.changes.every((bits) => bits === 0), 'a copy differs from its source');
      // VS Code may tell of the copy only now: what was measured until then is of a file that has changed since.
      for (let tries = 0; panel.measurement === undefined && tries < 3; tries++) await panel.measure();
      assert.ok(panel.measurement !== undefined, 'nothing was measured');
      assert.equal(panel.measurement.problem, undefined);
      assert.ok(panel.measurement.sqnrDb.some((decibels) => decibels === Number.POSITIVE_INFINITY));
      await vscode.workspace.fs.copy(workspaceFile(flawed), copy, { overwrite: true });
      const second = await eventually('the comparison of the new file', () => (panel.comparison === first ? undefined : panel.comparison));
      assert.ok(second.pairs.changes.some((bits) => bits !== 0));
      assert.equal(panel.measurement, undefined);
    } finally {
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      await vscode.workspace.fs.delete(copy);
    }
  });
});
