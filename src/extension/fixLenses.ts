// Fixes where VS Code shows no lightbulb of its own, as it does not in a read-only editor: a bulb above the line, links in
// the hover, and the quick-fix key, which is dead there otherwise. What a code action offers and runs is the same.
import * as vscode from 'vscode';
import type { Fix } from '../protocol/findings';
import type { Diagnostics } from './diagnostics';
import { commandUri } from './commandUri';
import type { PlacedFinding } from './findingLines';
import { modelUri } from './textUris';
import { textScheme } from './textUri';
import { t } from './translate';
import { fixPhrase, gainPhrase } from './wording';

const selector: vscode.DocumentSelector = { scheme: textScheme };

interface OfferedFix {
  readonly fix: Fix;
  readonly finding: PlacedFinding['finding'];
}

export function registerFixLenses(diagnostics: Diagnostics): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerCodeLensProvider(selector, {
      onDidChangeCodeLenses: diagnostics.onDidPublish,
      provideCodeLenses: (document) => lenses(diagnostics, document.uri),
    }),
    vscode.languages.registerHoverProvider(selector, {
      provideHover(document, position) {
        const model = modelUri(document.uri);
        const offered = fixesAt(diagnostics, document.uri, position.line);
        return model === undefined || offered.length === 0 ? undefined : new vscode.Hover(links(model, offered));
      },
    }),
  );
}

/** Lets the person choose among the fixes of a line; undefined when there are none or none is chosen. */
export async function chooseFix(diagnostics: Diagnostics, text: vscode.Uri, line: number): Promise<Fix | undefined> {
  const offered = fixesAt(diagnostics, text, line);
  if (offered.length === 0) {
    vscode.window.setStatusBarMessage(t('No fixes on this line.'), 3000);
    return undefined;
  }
  const items = offered.map(({ fix, finding }) => ({ label: fix.title, description: gainPhrase(fix.estimate), detail: finding.message, fix }));
  const chosen = await vscode.window.showQuickPick(items, { title: t('Fixes'), placeHolder: t('The chosen fix is made as a new file, checked and measured against this one.'), matchOnDescription: true });
  return chosen?.fix;
}

function fixesAt(diagnostics: Diagnostics, text: vscode.Uri, line: number): OfferedFix[] {
  const offered = new Map<string, OfferedFix>();
  for (const { finding } of diagnostics.at(text, new vscode.Range(line, 0, line, 0))) for (const fix of finding.fixes) if (!offered.has(fix.id)) offered.set(fix.id, { fix, finding });
  return [...offered.values()];
}

function lenses(diagnostics: Diagnostics, text: vscode.Uri): vscode.CodeLens[] {
  const model = modelUri(text);
  if (model === undefined) return [];
  const lines = new Set(diagnostics.of(text).filter(({ finding }) => finding.fixes.length > 0).map(({ line }) => line));
  return [...lines].map((line) => {
    const offered = fixesAt(diagnostics, text, line);
    const [only] = offered;
    const range = new vscode.Range(line, 0, line, 0);
    if (offered.length === 1 && only !== undefined)
      return new vscode.CodeLens(range, { command: 'modelLathe.applyFix', title: `$(lightbulb) ${fixPhrase(only.fix)}`, tooltip: only.finding.message, arguments: [model.toString(), only.fix.id] });
    return new vscode.CodeLens(range, { command: 'modelLathe.chooseFix', title: `$(lightbulb) ${t('{0} fixes', offered.length)}`, tooltip: offered.map(({ fix }) => fixPhrase(fix)).join('\n'), arguments: [text.toString(), line] });
  });
}

/** One link per fix; titles go in as text, since a title may hold a name from the model. */
function links(model: vscode.Uri, offered: readonly OfferedFix[]): vscode.MarkdownString {
  const page = new vscode.MarkdownString('', true);
  page.isTrusted = { enabledCommands: ['modelLathe.applyFix'] };
  for (const { fix } of offered) {
    page.appendMarkdown(`- $(lightbulb) [`).appendText(fix.title).appendMarkdown(`](${commandUri('modelLathe.applyFix', model.toString(), fix.id).toString()}) `);
    page.appendText(gainPhrase(fix.estimate)).appendMarkdown('\n');
  }
  return page;
}
