// The lightbulb: each finding's fixes with their estimated gain. Choosing one runs it; nothing else is asked.
import * as vscode from 'vscode';
import type { Diagnostics } from './diagnostics';
import { modelUri } from './textUris';
import { textScheme } from './textUri';
import { t } from './translate';
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

/** The lightbulb in a TensorFlow.js model's JSON: the fixes of the findings there, and the way to their layers in the model view. */
class JsonFixProvider implements vscode.CodeActionProvider {
  constructor(private readonly diagnostics: Diagnostics) {}

  provideCodeActions({ uri }: vscode.TextDocument, range: vscode.Range, { diagnostics }: vscode.CodeActionContext): vscode.CodeAction[] {
    const actions = new Map<string, vscode.CodeAction>();
    for (const { finding, range: place } of this.diagnostics.inJsonAt(uri, range)) {
      const concerned = diagnostics.filter((diagnostic) => diagnostic.code === finding.code && diagnostic.range.isEqual(place));
      const add = (key: string, title: string, command: string, argument: string): void => {
        if (actions.has(key)) return;
        const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
        action.command = { command: `modelLathe.${command}`, title, arguments: [uri.toString(), argument] };
        action.diagnostics = concerned;
        actions.set(key, action);
      };
      for (const fix of finding.fixes) add(`fix ${fix.id}`, fixPhrase(fix), 'applyFix', fix.id);
      if (finding.layer !== undefined) add(`layer ${finding.layer}`, t('Show {0} in the model view', finding.layer), 'revealLayer', finding.layer);
    }
    return [...actions.values()];
  }
}

export function registerCodeActions(diagnostics: Diagnostics): vscode.Disposable {
  const metadata = { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] };
  return vscode.Disposable.from(
    vscode.languages.registerCodeActionsProvider({ scheme: textScheme }, new FixProvider(diagnostics), metadata),
    vscode.languages.registerCodeActionsProvider({ language: 'json', scheme: 'file' }, new JsonFixProvider(diagnostics), metadata),
  );
}
