// The extension wakes when a model is opened, quickly, with every command it declares.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, digits, eventually, extension, modelViewType, openModel } from './support';

/** What the project promises. */
/** The promise is 50 ms on an idle machine; a test on a busy one only watches that activation stays lazy. */
const activationWatchdogMs = 1000;

describe('activation', () => {
  it('opens a model in the model view, and is active then', async () => {
    await openModel(digits);
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputCustom);
    assert.equal(input.viewType, modelViewType);
    assert.equal(extension().isActive, true);
  });

  it('stays lazy', async () => {
    const { activationMs } = await api();
    console.log(`activation: ${activationMs.toFixed(1)} ms`);
    assert.ok(activationMs < activationWatchdogMs, `${activationMs.toFixed(1)} ms`);
  });

  it('registers every command it declares', async () => {
    const { contributes } = extension().packageJSON as { contributes: { commands: { command: string }[] } };
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      contributes.commands.map(({ command }) => command).filter((command) => !known.has(command)),
      [],
    );
  });

  it('reads the model in the engine, not here', async () => {
    const { host } = await api();
    const uri = await openModel(digits);
    const snapshot = await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    // conv1 8·25+8, conv2 16·8·25+16, fc1 784·64+64, fc2 64·10+10
    assert.equal(snapshot.summary.parameters, 208 + 3216 + 50_240 + 650);
    assert.notEqual((await host.engine()).processId, process.pid);
  });
});
