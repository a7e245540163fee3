// Compare With…, Structure: two models in the diff editor, names and order of one in the other's text.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { digits, eventually, flawed, openModel, workspaceFile } from './support';

const scheme = 'onnx-compare';

/** Texts on the two sides of the diff editor that is shown. */
function sides(): readonly [vscode.Uri, vscode.Uri] | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff && input.original.scheme === scheme ? [input.original, input.modified] : undefined;
}

async function compare(source: vscode.Uri, other: vscode.Uri): Promise<readonly [string, string]> {
  await vscode.commands.executeCommand('modelLathe.compareWith', source, [source, other], 'structure');
  await eventually('the diff editor', sides);
  const [before, after] = sides() ?? [];
  assert.ok(before !== undefined && after !== undefined);
  const text = async (uri: vscode.Uri): Promise<string> => (await vscode.workspace.openTextDocument(uri)).getText();
  return [await text(before), await text(after)];
}

describe('two models side by side', () => {
  it('read alike where they are alike', async () => {
    const source = await openModel(digits);
    const copy = workspaceFile('samples/alike.onnx');
    await vscode.workspace.fs.copy(source, copy, { overwrite: true });
    try {
      const [before, after] = await compare(source, copy);
      assert.equal(before, after);
      assert.match(before, /= Conv/);
    } finally {
      await vscode.workspace.fs.delete(copy);
    }
  });

  it('are both shown where they have nothing in common', async () => {
    const [before, after] = await compare(await openModel(digits), workspaceFile(flawed));
    assert.match(before, /= Gemm|= MatMul/);
    assert.match(after, /BatchNormalization/);
  });
});
