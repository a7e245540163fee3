// The lightbulb: each finding's fixes with their estimated gain. Choosing one runs it; nothing else is asked.
import * as vscode from 'vscode';
import type { Diagnostics } from './diagnostics';
import { modelUri } from './textUris';
import { textScheme } from './textUri';
import { fixPhrase } from './wording';

class FixProvider implements vscode.CodeActionProvider {
  constructor(private readonly diagnostics: Diagnostics) {}

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range, context: vscode.CodeActionContext): vscode.CodeAction[] {
    const model = modelUri(document.uri);
    if (model === undefined) return [];
    const actions = new Map<string, vscode.CodeAction>();
    for (const { finding, line } of this.diagnostics.at(document.uri, range)) {
      const concerned = context.diagnostics.filter((diagnostic) => diagnostic.code === finding.code && diagnostic.range.start.line === line);
      for (const fix of finding.fixes) {
        if (actions.has(fix.id)) continue;
        const action = new vscode.CodeAction(fixPhrase(fix), vscode.CodeActionKind.QuickFix);
        action.command = { command: 'modelLathe.applyFix', title: fix.title, arguments: [model.toString(), fix.id] };
        action.diagnostics = concerned;
        action.isPreferred = fix === finding.fixes[0];
        actions.set(fix.id, action);
      }
    }
    return [...actions.values()];
  }
}

export function registerCodeActions(diagnostics: Diagnostics): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider({ scheme: textScheme }, new FixProvider(diagnostics), { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] });
}
