// The model as text: read-only, with costs, outline, folding, hover and definitions.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { digits, eventually, openModel, textOf } from './support';

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
});
