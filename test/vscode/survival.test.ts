// The window survives: a killed runner and a killed engine each cost an error message, and the next request works.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, descendants, digits, eventually, openModel, recognizer } from './support';

const runTimeout = 180_000;

describe('survival', () => {
  it('measures every node of a model', async function () {
    this.timeout(runTimeout);
    const { host } = await api();
    const uri = await openModel(digits);
    await vscode.commands.executeCommand('modelLathe.profile', uri);
    const snapshot = await eventually('a profile', () => host.models.find(uri)?.snapshot);
    assert.ok((snapshot.profile?.latencyMs.value ?? 0) > 0);
  });

  it('a runner killed while it measures costs an error, and the next profile works', async function () {
    this.timeout(runTimeout);
    const { host } = await api();
    const uri = await openModel(recognizer);
    const first = Promise.resolve(vscode.commands.executeCommand('modelLathe.profile', uri));
    const runners = await eventually('a runner', () => {
      const found = descendants(process.pid, 'runner.js');
      return found.length > 0 && found;
    });
    for (const id of runners) process.kill(id, 'SIGKILL');
    await first;
    await vscode.commands.executeCommand('modelLathe.profile', uri);
    assert.ok((host.models.find(uri)?.snapshot?.profile?.latencyMs.value ?? 0) > 0);
  });

  it('a killed engine leaves the last state on screen and is started again when needed', async function () {
    this.timeout(runTimeout);
    const { host } = await api();
    const uri = await openModel(digits);
    await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    const engine = await host.engine();
    const killed = engine.processId;
    assert.ok(killed);
    process.kill(killed, 'SIGKILL');
    await eventually('the death is noticed', () => host.models.find(uri)?.failure?.code === 'runner-died' || engine.processId !== killed);
    assert.ok(host.models.find(uri)?.snapshot, 'the last state is gone');
    await vscode.commands.executeCommand('modelLathe.restartEngine');
    await eventually('an engine', () => engine.processId !== undefined && engine.processId !== killed);
  });
});
