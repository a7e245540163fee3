// A text that is typed: attributes and their values offered, the call explained, what is wrong mended by the lightbulb.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { eventually } from './support';

const head = '<ir_version: 8, opset_import: ["": 17]>\ng (float[1,4] x) => (float[1,4] y)\n{\n';

async function typed(nodes: string): Promise<vscode.TextDocument> {
  return await vscode.workspace.openTextDocument({ language: 'onnxtxt', content: `${head}${nodes}\n}\n` });
}

/** The place behind the first of some words. */
function behind(document: vscode.TextDocument, words: string): vscode.Position {
  const at = document.getText().indexOf(words);
  assert.notEqual(at, -1, `${words} is not in the text`);
  return document.positionAt(at + words.length);
}

describe('a text that is typed', () => {
  it('has attributes and their values offered, those of the version that is imported', async () => {
    const document = await typed('  y = LSTM <dir, direction = > (x, w, r)\n  c = Conv <> (x, w)');
    const labels = async (words: string): Promise<string[]> => (await vscode.commands.executeCommand<vscode.CompletionList>('vscode.executeCompletionItemProvider', document.uri, behind(document, words))).items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    const attributes = await eventually('attributes', async () => {
      const found = await labels('Conv <');
      return found.includes('auto_pad') && found;
    });
    for (const name of ['dilations', 'group', 'kernel_shape', 'pads', 'strides']) assert.ok(attributes.includes(name), name);
    assert.deepEqual((await labels('direction = ')).filter((label) => label === 'forward' || label === 'bidirectional'), ['forward', 'bidirectional']);
  });

  it('has its calls explained while their inputs are typed, and their operators on hover', async () => {
    const document = await typed('  y = Conv (x, ');
    const help = await eventually('the call', async () => await vscode.commands.executeCommand<vscode.SignatureHelp | undefined>('vscode.executeSignatureHelpProvider', document.uri, behind(document, '(x, ')));
    assert.equal(help.signatures[0]?.label, 'Y = Conv (X, W, B?)');
    assert.equal(help.activeParameter, 1);
    const read = await typed('  y = Softmax (x)');
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', read.uri, behind(read, '= Soft'));
    const shown = hovers.flatMap(({ contents }) => contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : ''))).join('\n');
    assert.match(shown, /Since version 1, as of version 13 of ai\.onnx/);
  });

  it('has all that is wrong in Problems, each mended by its lightbulb', async () => {
    const document = await typed('  a = Relu (x)\n  y = Softmax <axes = 1> (a)');
    const [problem] = await eventually('the warning', () => {
      const found = vscode.languages.getDiagnostics(document.uri);
      return found.length > 0 && found;
    });
    assert.ok(problem);
    assert.equal(problem.severity, vscode.DiagnosticSeverity.Warning);
    assert.equal(document.getText(problem.range), 'axes');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', document.uri, problem.range);
    const change = actions.find(({ title }) => title === 'Change to axis');
    assert.ok(change?.edit, actions.map(({ title }) => title).join(', '));
    assert.ok(await vscode.workspace.applyEdit(change.edit));
    assert.match(document.getText(), /Softmax <axis = 1>/);
    await eventually('no problem', () => vscode.languages.getDiagnostics(document.uri).length === 0);

    const broken = await typed('  a = Relu [x)\n  y = Neg [a)');
    const errors = await eventually('both errors', () => {
      const found = vscode.languages.getDiagnostics(broken.uri);
      return found.length > 1 && found;
    });
    assert.deepEqual(errors.map(({ range }) => range.start.line).sort(), [3, 4]);
  });
});
