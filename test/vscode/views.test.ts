// The views beside the editor: one selection everywhere, the layers, the benchmarks.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, digits, eventually, flawed, openModel, textOf } from './support';

const runTimeout = 180_000;

describe('views', () => {
  it('speak of the model in the active editor, graph or text', async () => {
    const { host } = await api();
    const first = await openModel(digits);
    await eventually('the first', () => host.active.model?.uri.toString() === first.toString());
    const second = await openModel(flawed);
    await eventually('the second', () => host.active.model?.uri.toString() === second.toString());
    await vscode.window.showTextDocument(textOf(first));
    await eventually('the first, by its text', () => host.active.model?.uri.toString() === first.toString());
  });

  it('share one selection', async () => {
    const { host } = await api();
    const uri = await openModel(digits);
    const snapshot = await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    const layer = snapshot.layers.keys[3];
    assert.ok(layer !== undefined);
    await vscode.commands.executeCommand('modelLathe.revealLayer', uri.toString(), layer);
    assert.equal(host.models.find(uri)?.selected, layer);
  });

  it('show the layers of the active model', async () => {
    await vscode.commands.executeCommand('modelLathe.layers.focus');
    await openModel(digits);
  });

  it('open the text at a layer’s line', async () => {
    const { host } = await api();
    const uri = await openModel(digits);
    const model = await eventually('the model', () => host.models.find(uri));
    const text = await model.text();
    const node = text.nodes.at(-1);
    assert.ok(node);
    await vscode.commands.executeCommand('modelLathe.showText', uri, node.key);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    assert.equal(editor.document.uri.toString(), textOf(uri).toString());
    assert.equal(editor.selection.start.line, node.line);
  });

  it('show a benchmark of one model, measured here', async function () {
    this.timeout(runTimeout);
    const { panel } = await api();
    const uri = await openModel(digits);
    const report = await vscode.commands.executeCommand<{ conclusion: string; confirmation?: { source: { medianMs: { value: number } } } } | undefined>('modelLathe.benchmark', uri);
    assert.ok(report);
    assert.ok((report.confirmation?.source.medianMs.value ?? 0) > 0);
    assert.match(report.conclusion, /measured here/);
    assert.equal(panel.shown.model, uri.fsPath);
    assert.ok(panel.shown.reports.some(({ conclusion }) => conclusion === report.conclusion));
  });
});

describe('commands', () => {
  it('refuse targets that are neither files nor their texts, and fixes that nobody offers', async () => {
    const { host } = await api();
    const uri = await openModel(digits);
    await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    // Errors become notices: the command itself answers nothing.
    assert.equal(await vscode.commands.executeCommand('modelLathe.applyFix', uri.toString(), '../../etc'), undefined);
    assert.equal(await vscode.commands.executeCommand('modelLathe.applyFix', uri.toString(), { toString: () => 'x' }), undefined);
  });
});
