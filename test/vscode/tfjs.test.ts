// TensorFlow.js models in a real VS Code: offered where the JSON is one, opened in the model view, and honest about what is not there yet.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import type { Conversion } from '../../src/protocol/engine';
import { api, eventually, extension, workspaceFile } from './support';

const model = {
  format: 'layers-model',
  modelTopology: { keras_version: '2.4.0', model_config: { class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 2] } }, { class_name: 'Lambda', config: { name: 'l' } }] } } },
  weightsManifest: [{ paths: ['tfjs.bin'], weights: [{ name: 'd/kernel', shape: [2, 1], dtype: 'float32' }, { name: 'd/bias', shape: [1], dtype: 'float32' }] }],
};

function written(name: string, document: object): vscode.Uri {
  const uri = workspaceFile(name);
  writeFileSync(uri.fsPath, JSON.stringify(document));
  return uri;
}

const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } } };

/** x + w, w of two elements. */
function graphModel(name: string): vscode.Uri {
  writeFileSync(workspaceFile('w.bin').fsPath, new Uint8Array(Float32Array.of(10, 20).buffer));
  const constant = { name: 'w', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }] } } } } };
  return written(name, { format: 'graph-model', modelTopology: { node: [placeholder, constant, { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } }], versions: { producer: 716 } }, weightsManifest: [{ paths: ['w.bin'], weights: [{ name: 'w', shape: [2], dtype: 'float32' }] }] });
}

const lensesOf = async (uri: vscode.Uri): Promise<string[]> => {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 10);
  return lenses.flatMap(({ command }) => command?.title ?? []);
};

describe('a TensorFlow.js model', () => {
  it('opens as JSON with a CodeLens, and by it in the model view', async () => {
    const { host } = await api();
    writeFileSync(workspaceFile('tfjs.bin').fsPath, new Uint8Array(12));
    const uri = written('model.json', model);
    assert.deepEqual(await eventually('the lens', async () => (await lensesOf(uri)).filter((title) => title.includes('Model Lathe') || title.includes('ONNX'))), ['$(graph) Open in Model Lathe', 'Save as ONNX']);
    await vscode.commands.executeCommand('modelLathe.openModelView', uri);
    const snapshot = await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    assert.equal(snapshot.summary.format, 'tfjs-layers');
    assert.deepEqual([snapshot.summary.parameters, snapshot.summary.weightElements, snapshot.summary.macs], [3, 3, null]);
    assert.deepEqual(snapshot.layers.keys, ['d', 'l']);
    assert.equal(snapshot.cannotRun, undefined);
    await eventually('the active model', () => host.active.model?.uri.toString() === uri.toString());
  });

  it('is not seen in other JSON', async () => {
    assert.deepEqual((await lensesOf(written('other.json', { name: 'other', modelTopology: 'none' }))).filter((title) => title.includes('Model Lathe') || title.includes('ONNX')), []);
  });

  it('has its findings on the JSON, at the layer', async () => {
    const uri = workspaceFile('model.json');
    await vscode.commands.executeCommand('modelLathe.openModelView', uri);
    const [diagnostic] = await eventually('findings', () => {
      const found = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Model Lathe');
      return found.length > 0 ? found : undefined;
    });
    assert.ok(diagnostic);
    const text = (await vscode.workspace.openTextDocument(uri)).getText(diagnostic.range);
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, diagnostic.range, vscode.CodeActionKind.QuickFix.value);
    assert.ok(actions.some(({ title }) => title === 'Show d in the model view'), actions.map(({ title }) => title).join('; '));
    assert.equal((JSON.parse(text) as { config: { name: string } }).config.name, 'd');
  });

  it('shows its JSON as its text, at the layer', async () => {
    const uri = workspaceFile('model.json');
    await vscode.commands.executeCommand('modelLathe.showText', uri.toString(), 'l');
    const editor = await eventually('the JSON', () => (vscode.window.activeTextEditor?.document.uri.toString() === uri.toString() ? vscode.window.activeTextEditor : undefined));
    assert.equal((JSON.parse(editor.document.getText(editor.selection)) as { class_name: string }).class_name, 'Lambda');
  });

  it('is saved as ONNX beside it, and the new file opened', async () => {
    const uri = graphModel('graph.json');
    const saved = await vscode.commands.executeCommand<Conversion | undefined>('modelLathe.saveAsOnnx', uri);
    assert.deepEqual(saved, { path: workspaceFile('graph.onnx').fsPath, notLowered: [] });
    const { host } = await api();
    const snapshot = await eventually('the ONNX model', () => host.models.find(workspaceFile('graph.onnx'))?.snapshot);
    assert.deepEqual([snapshot.summary.format, snapshot.layers.opNames], ['onnx', ['Add']]);
  });

  it('is not saved where a node cannot be converted: it is named, and no file appears', async () => {
    const uri = written('uncommon.json', { format: 'graph-model', modelTopology: { node: [placeholder, { name: 'a', op: 'Bincount', input: ['x'] }] }, weightsManifest: [] });
    const saved = await vscode.commands.executeCommand<Conversion | undefined>('modelLathe.saveAsOnnx', uri);
    assert.deepEqual([saved?.path, saved?.notLowered.map(({ node, op }) => [node, op])], [undefined, [['a', 'Bincount']]]);
    assert.equal(existsSync(workspaceFile('uncommon.onnx').fsPath), false);
  });

  it('is profiled by TensorFlow.js, node by node', async () => {
    const { host } = await api();
    const uri = workspaceFile('graph.json'); // written before: a file that changes is read anew, and its profile is of the version before
    await vscode.commands.executeCommand('modelLathe.openModelView', uri);
    await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    const profile = await host.models.use(uri, async (model) => await model.profile({}));
    assert.match(profile.runtime ?? '', /^tfjs/);
    assert.deepEqual(Object.keys(profile.milliseconds), ['add']);
  });

  it('is offered in menus by its path, and other JSON is not', () => {
    const { contributes } = extension().packageJSON as { contributes: { menus: Record<string, { command: string; when: string }[]> } };
    const rows = (contributes.menus['explorer/context'] ?? []).filter(({ command, when }) => command === 'modelLathe.saveAsOnnx' || (command === 'modelLathe.openModelView' && when.includes('.json')));
    assert.equal(rows.length, 2);
    for (const { when } of rows) assert.match(when, /resourcePath in modelLathe\.tfjsModels/);
  });
});
