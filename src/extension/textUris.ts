// Text URIs as VS Code's own class; the mapping itself is in textUri.ts.
import * as vscode from 'vscode';
import { modelParts, textParts } from './textUri';

/** `onnx-text:` URI of a model's file. */
export function textUri(model: vscode.Uri): vscode.Uri {
  return vscode.Uri.from(textParts(model));
}

/** The model's file of an `onnx-text:` URI; undefined for any other URI. */
export function modelUri(text: vscode.Uri): vscode.Uri | undefined {
  const parts = modelParts(text);
  return parts === undefined ? undefined : vscode.Uri.from(parts);
}
