// The lightbulb in a text that a person types: what mends the problems on the line.
import * as vscode from 'vscode';
import type { TextFix, TextProblem } from '../protocol/engine';
import { textLanguage, type TextReader } from './textReader';
import { linesOf, rangeOf } from './textWords';
import { isEditable } from './textUri';
import { t } from './translate';

const titles = {
  change: (to) => t('Change to {0}', to),
  add: (to) => t('Add {0}', to),
  import: (to) => t('Import the operator set {0}', to),
  rename: (to) => t('Rename to {0}', to),
  remove: () => t('Remove this node'),
  sort: () => t('Sort the nodes topologically'),
} as const satisfies Record<TextFix['kind'], (to: string) => string>;

export function registerTextFixes(reader: TextReader): vscode.Disposable {
  const provideCodeActions = async (document: vscode.TextDocument, range: vscode.Range, context: vscode.CodeActionContext): Promise<vscode.CodeAction[] | undefined> => {
    if (!isEditable(document.uri)) return undefined;
    const [reading, fixes] = await Promise.all([reader.read(document), reader.ask('text/fixes', document, linesOf(range))]);
    const offered = new Set<number>();
    return fixes?.map(({ kind, to, edits, problem }) => {
      const action = new vscode.CodeAction(titles[kind](to), vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      for (const { range: place, text } of edits) action.edit.replace(document.uri, rangeOf(place), text);
      action.diagnostics = context.diagnostics.filter((diagnostic) => says(diagnostic, reading?.problems[problem]));
      action.isPreferred = !offered.has(problem) && kind !== 'remove';
      offered.add(problem);
      return action;
    });
  };
  return vscode.languages.registerCodeActionsProvider({ language: textLanguage }, { provideCodeActions }, { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] });
}

function says(diagnostic: vscode.Diagnostic, problem: TextProblem | undefined): boolean {
  return problem !== undefined && diagnostic.message === problem.message && diagnostic.range.isEqual(rangeOf(problem.range));
}
