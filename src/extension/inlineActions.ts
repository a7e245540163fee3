// The lightbulb on a line that calls a function of the model: a copy in which that function, or every one, is inlined.
import * as vscode from 'vscode';
import { nodeAtLine } from './findingLines';
import type { Host } from './host';
import type { TextReader } from './textReader';
import { textScheme } from './textUri';
import { modelUri } from './textUris';
import { t } from './translate';

export function registerInlineActions(host: Host, reader: TextReader): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    { scheme: textScheme },
    {
      provideCodeActions: async (document, { start }) => {
        const model = modelUri(document.uri);
        const called = model === undefined ? undefined : await functionAt(host, reader, document, model, start.line);
        return model === undefined || called === undefined ? [] : [action(t('Inline Function {0}', called), model, called), action(t('Inline All Functions'), model)];
      },
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.RefactorInline] },
  );
}

function action(title: string, model: vscode.Uri, named?: string): vscode.CodeAction {
  const made = new vscode.CodeAction(title, vscode.CodeActionKind.RefactorInline);
  made.command = { command: 'modelLathe.inlineFunctions', title, arguments: named === undefined ? [model.toString()] : [model.toString(), named] };
  return made;
}

/** The function that the node on a line calls. */
async function functionAt(host: Host, reader: TextReader, document: vscode.TextDocument, model: vscode.Uri, line: number): Promise<string | undefined> {
  try {
    return await host.models.use(model, async (open) => {
      const node = nodeAtLine(await reader.lines(document.uri, open), line);
      // A layer's detail reads its weights: only calls are asked about, and every move of the cursor asks.
      const isCall = node !== undefined && open.snapshot?.groups.some(({ call }) => call === node.key) === true;
      return isCall ? (await open.detail(node.key)).function?.label : undefined;
    });
  } catch (thrown) {
    host.log.debug(`functions of ${model.fsPath}: ${String(thrown)}`);
    return undefined;
  }
}
