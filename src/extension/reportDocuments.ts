// Reports of optimizations as Markdown, made from their JSON when shown.
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import type { Host } from './host';
import { errorSentence } from './wording';

const scheme = 'model-lathe-report';
/** Makes VS Code take the text for Markdown. */
const suffix = '.md';

export function registerReportDocuments(host: Host): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(scheme, {
    async provideTextDocumentContent(uri) {
      const path = vscode.Uri.file(uri.path.slice(0, -suffix.length)).fsPath;
      try {
        const engine = await host.engine();
        return (await engine.request('reports/read', { path })).markdown;
      } catch (thrown) {
        return errorSentence(toLatheError(thrown, path));
      }
    },
  });
}

/** Where a report is shown as Markdown. */
export function reportUri(report: vscode.Uri): vscode.Uri {
  return vscode.Uri.from({ scheme, path: report.path + suffix });
}
