// The model as text: read-only, with costs, outline, folding, hover and definitions.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { digits, eventually, openModel, textOf, workspaceFile } from './support';

describe('the text view', () => {
  let document: vscode.TextDocument;

  before(async () => {
    const model = await openModel(digits);
    document = await vscode.workspace.openTextDocument(textOf(model));
  });

  const lineOf = (pattern: RegExp): number => {
    const line = document.getText().split('\n').findIndex((text) => pattern.test(text));
    assert.notEqual(line, -1, `no line matches ${pattern.source}`);
    return line;
  };

  it('is ONNX text in a language of its own', () => {
    assert.equal(document.languageId, 'onnxtxt');
    assert.match(document.getText(), /ir_version/);
    assert.match(document.getText(), /= Conv/);
  });

  it('cannot be typed into', async () => {
    await vscode.window.showTextDocument(document);
    const before = document.getText();
    await vscode.commands.executeCommand('type', { text: 'x' });
    assert.equal(document.getText(), before);
  });

  it('says what each layer costs above its line', async () => {
    const line = lineOf(/= Conv/);
    const lenses = await eventually('cost lenses', async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
      return found.some((lens) => lens.range.start.line === line && lens.command !== undefined) && found;
    });
    const title = lenses.find((lens) => lens.range.start.line === line)?.command?.title ?? '';
    assert.match(title, /208 parameters/);
    assert.match(title, /MACs/);
  });

  it('has an outline and folds', async () => {
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    assert.ok(symbols.length > 0);
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    assert.ok(folds.length > 0);
  });

  it('explains a layer on hover', async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(lineOf(/= Gemm/), 4));
    assert.ok(hovers.length > 0);
  });

  it('leads from the use of a value to the node that makes it', async () => {
    const line = lineOf(/= Relu/);
    const text = document.lineAt(line).text;
    const used = text.indexOf('(', text.indexOf('Relu')) + 3;
    const places = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[]>('vscode.executeDefinitionProvider', document.uri, new vscode.Position(line, used));
    const [place] = places;
    assert.ok(place);
    const target = 'targetRange' in place ? place.targetRange : place.range;
    assert.match(document.lineAt(target.start.line).text, /= Conv/);
  });

  it('finds every place that names a value', async () => {
    const line = lineOf(/= Relu/);
    const text = document.lineAt(line).text;
    const used = new vscode.Position(line, text.indexOf('(', text.indexOf('Relu')) + 3);
    const places = await vscode.commands.executeCommand<vscode.Location[]>('vscode.executeReferenceProvider', document.uri, used);
    assert.deepEqual(places.map(({ range }) => range.start.line).sort((a, b) => a - b), [lineOf(/= Conv/), line]);
    const highlights = await vscode.commands.executeCommand<vscode.DocumentHighlight[]>('vscode.executeDocumentHighlights', document.uri, used);
    assert.deepEqual(highlights.map(({ kind }) => kind).sort(), [vscode.DocumentHighlightKind.Read, vscode.DocumentHighlightKind.Write]);
  });

  it('shows types behind the values that nodes make', async () => {
    const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>('vscode.executeInlayHintProvider', document.uri, new vscode.Range(0, 0, document.lineCount - 1, 0));
    const line = lineOf(/= Conv/);
    const hint = hints.find(({ position }) => position.line === line);
    assert.ok(hint);
    assert.match(typeof hint.label === 'string' ? hint.label : hint.label.map(({ value }) => value).join(''), /^: float\[\w+,8,\d+,\d+\]$/);
    assert.equal(document.lineAt(line).text.slice(hint.position.character).trimStart().startsWith('= Conv'), true);
  });

  it('says what a weight is like on hover', async () => {
    const line = lineOf(/= Conv/);
    const text = document.lineAt(line).text;
    const weight = text.indexOf(',', text.lastIndexOf('(')) + 3;
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(line, weight));
    const said = hovers.flatMap(({ contents }) => contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))).join('\n');
    assert.match(said, /Mean and deviation/);
  });

  it('has its words coloured by what they are', async () => {
    const tokens = await vscode.commands.executeCommand<vscode.SemanticTokens>('vscode.provideDocumentRangeSemanticTokens', document.uri, new vscode.Range(0, 0, document.lineCount - 1, 0));
    assert.ok(tokens.data.length > 50);
  });
});

describe('a text in a file', () => {
  const good = '<ir_version: 8, opset_import: ["": 17]>\ng (float[2] x) => (float[2] y)\n{\n  y = Relu (x)\n}\n';

  it('has its errors in Problems, while it is typed too, and its words lead to each other', async () => {
    const uri = workspaceFile('typed.onnxtxt');
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(good.replace('(x)\n}', '[x]\n}')));
    const document = await vscode.workspace.openTextDocument(uri);
    assert.equal(document.languageId, 'onnxtxt');
    const problems = await eventually('the problem of a text', () => vscode.languages.getDiagnostics(uri).length > 0 && vscode.languages.getDiagnostics(uri));
    assert.deepEqual(problems.map(({ message, range }) => [message, range.start.line, range.start.character]), [['Expected "(" before the inputs of the node, found [.', 3, 11]]);
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, new vscode.Range(3, 11, 3, 14), '(x)');
    await vscode.workspace.applyEdit(edit);
    await eventually('no problem any more', () => vscode.languages.getDiagnostics(uri).length === 0);
    const [place] = await vscode.commands.executeCommand<vscode.Location[]>('vscode.executeDefinitionProvider', uri, new vscode.Position(3, 12));
    assert.ok(place);
    assert.deepEqual([place.range.start.line, place.range.start.character], [1, 12]);
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', uri);
    assert.deepEqual(symbols.map(({ name }) => name), ['g']);
    await vscode.workspace.fs.delete(uri);
  });
});
