// Fixes in a read-only text, where VS Code shows no lightbulb of its own: bulbs above lines, and links in the hover.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import * as vscode from 'vscode';
import { eventually, flawed, openWithFindings, textOf } from './support';

describe('fixes in the text', () => {
  it('have a bulb above every line that can be fixed', async () => {
    const text = textOf(await openWithFindings(flawed));
    await vscode.window.showTextDocument(text);
    const bulbs = await eventually('bulbs', async () => {
      const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', text, 200);
      const found = lenses.filter((lens) => lens.command?.title.startsWith('$(lightbulb)'));
      return found.length > 0 && found;
    });
    for (const bulb of bulbs) assert.ok(['modelLathe.applyFix', 'modelLathe.chooseFix'].includes(bulb.command?.command ?? ''));
    const lines = new Set(bulbs.map((bulb) => bulb.range.start.line));
    assert.equal(lines.size, bulbs.length, 'a line has two bulbs');
  });

  it('are links in the hover, each with its estimated gain', async () => {
    const text = textOf(await openWithFindings(flawed));
    const [bulb] = (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', text, 200)).filter((lens) => lens.command?.title.startsWith('$(lightbulb)'));
    assert.ok(bulb);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', text, new vscode.Position(bulb.range.start.line, 3));
    const content = hovers.flatMap((hover) => hover.contents).map((part) => (part instanceof vscode.MarkdownString ? part.value : '')).join('\n');
    assert.match(content, /command:modelLathe\.applyFix/);
    assert.match(content, /est\.|no estimate/);
  });
});
