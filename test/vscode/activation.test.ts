// The extension is known, wakes only when asked, and does so quickly.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { extension, openModel } from './support';

describe('activation', () => {
  it('opens a model in the model view', async () => {
    await openModel('samples/digits.onnx');
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputCustom);
    assert.equal(input.viewType, 'modelLathe.model');
  });

  it('is active once a model is open', () => {
    assert.equal(extension().isActive, true);
  });

  it('registers every command it declares', async () => {
    const declared = (extension().packageJSON as { contributes: { commands: { command: string }[] } }).contributes.commands.map(({ command }) => command);
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      declared.filter((command) => !known.has(command)),
      [],
    );
  });
});
