// A count beside a model in the explorer: VS Code colours warnings and errors by itself, findings that only inform get a badge.
import * as vscode from 'vscode';
import type { Host } from './host';
import { t } from './translate';

/** A badge holds two characters. */
const largestBadge = 99;

export function registerDecorations(host: Host): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  return vscode.Disposable.from(
    changes,
    host.models.onDidChange(({ model, event }) => {
      if (event.type === 'findings' || event.type === 'gone') changes.fire(model.uri);
    }),
    host.models.onDidClose((model) => changes.fire(model.uri)),
    vscode.window.registerFileDecorationProvider({
      onDidChangeFileDecorations: changes.event,
      provideFileDecoration(uri) {
        if (uri.scheme !== 'file' || !/\.(onnx|json)$/i.test(uri.path)) return undefined;
        const findings = host.models.find(uri)?.findings ?? [];
        if (findings.length === 0 || findings.some((finding) => finding.severity !== 'information')) return undefined;
        const tooltip = findings.length === 1 ? t('1 finding') : t('{0} findings', findings.length);
        return new vscode.FileDecoration(String(Math.min(findings.length, largestBadge)), tooltip, new vscode.ThemeColor('charts.blue'));
      },
    }),
  );
}
