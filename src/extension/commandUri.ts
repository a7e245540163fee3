// Links that run a command, for hovers and diagnostics.
import * as vscode from 'vscode';

export function commandUri(command: string, ...parameters: readonly unknown[]): vscode.Uri {
  return vscode.Uri.parse(`command:${command}?${encodeURIComponent(JSON.stringify(parameters))}`);
}
