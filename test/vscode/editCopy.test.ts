// Edit a Copy…: a copy's text is typed into and saved, and is the model then; a wrong text is refused and kept.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { digits, eventually, openModel, textOf, workspaceFile } from './support';

async function replace(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const at = document.getText().indexOf(from);
  assert.notEqual(at, -1, `${from} is not in the text`);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(at), document.positionAt(at + from.length)), to);
  assert.ok(await vscode.workspace.applyEdit(edit));
}

describe('a copy to edit', () => {
  it('is made beside the model, typed into, saved and read again, and the source stays as it is', async () => {
    const source = await openModel(digits);
    const before = await vscode.workspace.fs.readFile(source);
    await vscode.commands.executeCommand('modelLathe.editCopy', source);
    const copy = workspaceFile(digits.replace('.onnx', '.edited.onnx'));
    const document = await eventually('the text of the copy', () => vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === textOf(copy).toString()));
    const first = await vscode.workspace.fs.readFile(copy);

    await replace(document, '= Relu', '= Sigmoid');
    assert.ok(document.isDirty);
    assert.ok(await document.save());
    assert.ok(!document.isDirty);
    assert.notDeepEqual(await vscode.workspace.fs.readFile(copy), first);
    const history = vscode.Uri.joinPath(copy, '../.lathe/history/digits.edited.onnx');
    assert.deepEqual((await vscode.workspace.fs.readDirectory(history)).map(([name]) => name).sort(), ['1.onnx', '2.onnx']);
    assert.deepEqual(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(history, '1.onnx')), first);

    // Typed on at once: the text still refers to the first version's places.
    await replace(document, '= Sigmoid', '= Tanh');
    assert.ok(await document.save());
    assert.match(document.getText(), /= Tanh/);
    assert.deepEqual(await vscode.workspace.fs.readFile(source), before);
    await eventually('costs at the lines of the new text', async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
      return lenses.some(({ range }) => document.lineAt(range.start.line).text.includes('= Conv'));
    });
  });

  it('is not saved with a text that is wrong, which stays in the editor with its error', async () => {
    const copy = workspaceFile(digits.replace('.onnx', '.edited.onnx'));
    const document = await vscode.workspace.openTextDocument(textOf(copy));
    const before = await vscode.workspace.fs.readFile(copy);
    await replace(document, '= Tanh (', '= Tanh [');
    const [problem] = await eventually('the error in Problems', () => {
      const found = vscode.languages.getDiagnostics(document.uri).filter(({ severity }) => severity === vscode.DiagnosticSeverity.Error);
      return found.length > 0 && found;
    });
    assert.match(problem?.message ?? '', /^Expected "\(" before the inputs of the node/);
    await Promise.resolve(document.save()).then(
      (saved) => assert.equal(saved, false),
      () => undefined,
    );
    assert.ok(document.isDirty);
    assert.match(document.getText(), /= Tanh \[/);
    assert.deepEqual(await vscode.workspace.fs.readFile(copy), before);
    await replace(document, '= Tanh [', '= Tanh (');
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('offers operators and values while it is typed', async () => {
    const copy = workspaceFile(digits.replace('.onnx', '.edited.onnx'));
    const document = await vscode.workspace.openTextDocument(textOf(copy));
    const at = document.positionAt(document.getText().indexOf('= Tanh') + '= Tan'.length);
    const offered = await eventually('operators', async () => {
      const { items } = await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, at);
      return items.find(({ label }) => (typeof label === 'string' ? label : label.label) === 'Tanh');
    });
    assert.match(offered.detail ?? '', /= Tanh \(/);
  });

  it('has its values renamed wherever they stand', async () => {
    const copy = workspaceFile(digits.replace('.onnx', '.edited.onnx'));
    const document = await vscode.workspace.openTextDocument(textOf(copy));
    const at = document.positionAt(document.getText().indexOf('(', document.getText().indexOf('= Tanh')) + 3);
    const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>('vscode.executeDocumentRenameProvider', document.uri, at, 'a new/name');
    assert.equal(edit.get(document.uri).length, 2);
    assert.ok(await vscode.workspace.applyEdit(edit));
    assert.match(document.getText(), /"a new\/name" = Conv/);
    assert.match(document.getText(), /= Tanh \("a new\/name"\)/);
    assert.ok(await document.save());
  });
});
