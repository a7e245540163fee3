// A model file that changes, goes and comes back; one that is no model; several views of one.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { api, digits, eventually, flawed, modelViewType, openModel, textOf, workspaceFile } from './support';

async function copy(from: string, to: string): Promise<vscode.Uri> {
  const target = workspaceFile(to);
  await vscode.workspace.fs.copy(workspaceFile(from), target, { overwrite: true });
  return target;
}

describe('a model file on disk', () => {
  it('is read again when it changes, in the graph and in the text', async () => {
    const { host } = await api();
    const uri = await copy(digits, 'changing.onnx');
    await openModel('changing.onnx');
    const before = await eventually('the first snapshot', () => host.models.find(uri)?.snapshot);
    const text = await vscode.workspace.openTextDocument(textOf(uri));
    const textBefore = text.getText();
    await copy(flawed, 'changing.onnx');
    await eventually('another snapshot', () => host.models.find(uri)?.snapshot?.summary.nodes !== before.summary.nodes);
    await eventually('another text', () => text.getText() !== textBefore);
  });

  it('is missed when it goes and read when it is back', async () => {
    const { host } = await api();
    const uri = await copy(digits, 'going.onnx');
    await openModel('going.onnx');
    await eventually('a snapshot', () => host.models.find(uri)?.snapshot);
    await vscode.workspace.fs.delete(uri);
    await eventually('the loss', () => host.models.find(uri)?.gone);
    assert.ok(host.models.find(uri)?.snapshot, 'the last state is gone');
    await copy(digits, 'going.onnx');
    await eventually('the return', () => host.models.find(uri)?.gone === false);
  });

  it('that is no model costs an error in its view and nothing else', async () => {
    const { host } = await api();
    const cases = new Map([
      ['empty.onnx', ''],
      ['page.onnx', '<!DOCTYPE html><html><body>Not found</body></html>'],
      ['pointer.onnx', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'],
    ]);
    for (const [name, content] of cases) {
      await vscode.workspace.fs.writeFile(workspaceFile(name), new TextEncoder().encode(content));
      const uri = await openModel(name);
      const failure = await eventually(`a failure of ${name}`, () => host.models.find(uri)?.failure);
      assert.ok(['not-a-model', 'malformed'].includes(failure.code), `${name}: ${failure.code}`);
    }
    const uri = await openModel(digits);
    await eventually('a snapshot after all that', () => host.models.find(uri)?.snapshot);
  });

  it('is one document for all its views', async () => {
    const { host } = await api();
    const uri = await openModel(digits);
    const count = (): number => host.models.all().filter((model) => model.uri.toString() === uri.toString()).length;
    await vscode.commands.executeCommand('vscode.openWith', uri, modelViewType, vscode.ViewColumn.Beside);
    const views = (): number => vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter(({ input }) => input instanceof vscode.TabInputCustom && input.uri.toString() === uri.toString()).length;
    await eventually('two views', () => views() === 2);
    assert.equal(count(), 1);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
    assert.ok(host.models.find(uri)?.snapshot);
  });
});
