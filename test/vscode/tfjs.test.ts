// TensorFlow.js models in a real VS Code: offered where the JSON is one, opened in the model view, and honest about what is not there yet.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, eventually, workspaceFile } from './support';

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
    assert.deepEqual(await eventually('the lens', async () => (await lensesOf(uri)).filter((title) => title.includes('Open in Model Lathe'))), ['$(graph) Open in Model Lathe']);
    await vscode.commands.executeCommand('modelLathe.openModelView', uri);
    const snapshot = await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    assert.equal(snapshot.summary.format, 'tfjs-layers');
    assert.deepEqual([snapshot.summary.parameters, snapshot.summary.weightElements, snapshot.summary.macs], [3, 3, null]);
    assert.deepEqual(snapshot.layers.keys, ['d', 'l']);
    assert.equal(snapshot.cannotRun, undefined);
    await eventually('the active model', () => host.active.model?.uri.toString() === uri.toString());
  });

  it('is not seen in other JSON', async () => {
    assert.deepEqual((await lensesOf(written('other.json', { name: 'other', modelTopology: 'none' }))).filter((title) => title.includes('Model Lathe')), []);
  });

  it('has its findings on the JSON, at the layer', async () => {
    const uri = workspaceFile('model.json');
    await vscode.commands.executeCommand('modelLathe.openModelView', uri);
    const [diagnostic] = await eventually('findings', () => {
      const found = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Model Lathe');
      return found.length > 0 ? found : undefined;
    });
    const text = (await vscode.workspace.openTextDocument(uri)).getText(diagnostic?.range);
    assert.equal((JSON.parse(text) as { config: { name: string } }).config.name, 'd');
  });

  it('shows its JSON as its text, at the layer', async () => {
    const uri = workspaceFile('model.json');
    await vscode.commands.executeCommand('modelLathe.showText', uri.toString(), 'l');
    const editor = await eventually('the JSON', () => (vscode.window.activeTextEditor?.document.uri.toString() === uri.toString() ? vscode.window.activeTextEditor : undefined));
    assert.equal((JSON.parse(editor.document.getText(editor.selection)) as { class_name: string }).class_name, 'Lambda');
  });
});
