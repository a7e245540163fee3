// Findings: one by one on the text's lines, rolled up on the model's file, with fixes that run by themselves.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { eventually, flawed, openWithFindings, textOf, workspaceFile } from './support';

/** A fix is made, checked and benchmarked: that takes a while on a busy machine. */
const fixTimeout = 240_000;

function codeOf(diagnostic: vscode.Diagnostic): string {
  return String(typeof diagnostic.code === 'object' ? diagnostic.code.value : diagnostic.code);
}

describe('findings', () => {
  it('are on the lines of the text, one by one, while it is closed', async () => {
    const model = await openWithFindings(flawed);
    const found = vscode.languages.getDiagnostics(textOf(model));
    assert.ok(found.length >= 3, found.map((diagnostic) => diagnostic.message).join('\n'));
    assert.ok(found.every((diagnostic) => diagnostic.source === 'Model Lathe'));
    const text = await vscode.workspace.openTextDocument(textOf(model));
    const batchNorm = found.find((diagnostic) => /BatchNormalization/.test(diagnostic.message));
    assert.ok(batchNorm, found.map((diagnostic) => diagnostic.message).join('\n'));
    assert.match(text.lineAt(batchNorm.range.start.line).text, /BatchNormalization|Conv/);
  });

  it('are rolled up in one diagnostic on the file, one click from the fixes', async () => {
    const model = await openWithFindings(flawed);
    const onFile = vscode.languages.getDiagnostics(model);
    assert.equal(onFile.length, 1);
    const [rollUp] = onFile;
    assert.match(rollUp?.message ?? '', /\d+ findings?/);
    const code = rollUp?.code;
    assert.ok(typeof code === 'object');
    assert.equal(code.target.scheme, 'command');
    assert.ok((rollUp?.relatedInformation?.length ?? 0) > 0);
  });

  it('name weights that are stored twice once the weights have been read', async () => {
    const model = await openWithFindings(flawed);
    await eventually('the duplicate weights', () => vscode.languages.getDiagnostics(textOf(model)).some((diagnostic) => codeOf(diagnostic).includes('duplicate')));
  });

  it('offer fixes as code actions, each with its estimated gain', async () => {
    const model = await openWithFindings(flawed);
    const actions = await fixesOf(model);
    assert.ok(actions.length > 0);
    for (const action of actions) assert.match(action.title, /\((est\.|no estimate)/);
  });

  it('a chosen fix makes a new file beside the source and reports on it, without another question', async function () {
    this.timeout(fixTimeout);
    const model = await openWithFindings(flawed);
    const before = await vscode.workspace.fs.readFile(model);
    const actions = await fixesOf(model);
    const simplify = actions.find((action) => /simplif|fold|remove/i.test(action.title)) ?? actions[0];
    assert.ok(simplify?.command);
    const report = await vscode.commands.executeCommand<{ conclusion: string; variants: readonly { status: string; reason: string; path?: string }[]; reportPath?: string } | undefined>(
      simplify.command.command,
      ...(simplify.command.arguments as unknown[]),
    );
    assert.ok(report, 'the fix gave no report');
    assert.ok(report.variants.length > 0);
    for (const variant of report.variants) assert.ok(variant.reason.length > 0);
    const accepted = report.variants.find((variant) => variant.status === 'accepted');
    if (accepted?.path !== undefined) {
      assert.ok(accepted.path.startsWith(workspaceFile('samples').fsPath));
      await vscode.workspace.fs.stat(vscode.Uri.file(accepted.path));
    }
    assert.ok(report.reportPath?.includes('.lathe'));
    assert.deepEqual(await vscode.workspace.fs.readFile(model), before);
  });
});

/** The code actions on every finding's line, without repeats. */
async function fixesOf(model: vscode.Uri): Promise<vscode.CodeAction[]> {
  const uri = textOf(model);
  await vscode.workspace.openTextDocument(uri);
  const actions = new Map<string, vscode.CodeAction>();
  for (const { range } of vscode.languages.getDiagnostics(uri)) {
    const offered = await vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, range, vscode.CodeActionKind.QuickFix.value);
    for (const action of offered) if (action.command?.command === 'modelLathe.applyFix') actions.set(action.title, action);
  }
  return [...actions.values()];
}
