// The custom editor for `*.onnx` and TensorFlow.js's model.json: a read-only document that any number of model views show.
import * as vscode from 'vscode';
import { modelViewType, tfjsViewType } from './activeModel';
import type { Host } from './host';
import { ModelPanel } from './modelPanel';
import type { ModelReference } from './models';
import { assertOnDisk } from './openModel';
import { escapeHtml, pageHtml } from './page';
import { pageRuntimes } from './pageRuntimes';
import { errorSentence } from './wording';
import { toLatheError } from '../base/errors';

class ModelDocument implements vscode.CustomDocument {
  constructor(
    readonly uri: vscode.Uri,
    readonly reference: ModelReference | undefined,
  ) {}

  dispose(): void {
    this.reference?.dispose();
  }
}

class ModelEditorProvider implements vscode.CustomReadonlyEditorProvider<ModelDocument> {
  constructor(private readonly host: Host) {}

  openCustomDocument(uri: vscode.Uri): ModelDocument {
    return new ModelDocument(uri, uri.scheme === 'file' ? this.host.models.acquire(uri) : undefined);
  }

  resolveCustomEditor(document: ModelDocument, panel: vscode.WebviewPanel): void {
    const { webview } = panel;
    webview.options = webviewOptions(this.host.context.extensionUri);
    if (document.reference === undefined) {
      webview.html = refusal(document.uri);
      return;
    }
    const model = new ModelPanel(this.host, document.reference.model, panel);
    webview.html = graphPage(this.host.context.extensionUri, webview, 'modelView', pageRuntimes);
    panel.onDidDispose(() => model.dispose());
  }
}

export function registerModelEditor(host: Host): vscode.Disposable {
  const provider = new ModelEditorProvider(host);
  return vscode.Disposable.from(...[modelViewType, tfjsViewType].map((type) => vscode.window.registerCustomEditorProvider(type, provider, { supportsMultipleEditorsPerDocument: true })));
}

/** Pages read their own code and styles, and nothing else. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, 'dist'), vscode.Uri.joinPath(extension, 'media')] };
}

/**
 * A page that shows graphs, by the name of its bundle and style.
 * @param runtimes further files by data attribute; a page that has any may compile WebAssembly
 */
export function graphPage(extension: vscode.Uri, webview: vscode.Webview, name: 'modelView' | 'compareView', runtimes: ReadonlyMap<string, string> = new Map()): string {
  const asset = (...parts: string[]): string => webview.asWebviewUri(vscode.Uri.joinPath(extension, ...parts)).toString();
  return pageHtml({
    cspSource: webview.cspSource,
    title: 'Model Lathe',
    script: asset('dist', `${name}.js`),
    style: asset('media', `${name}.css`),
    data: new Map([['worker-uri', asset('dist', 'layoutWorker.js')] as const, ...[...runtimes].map(([key, file]) => [key, asset('dist', file)] as const)]),
    webAssembly: runtimes.size > 0,
    language: vscode.env.language,
  });
}

/** A page without script for a model that is not on disk. */
function refusal(uri: vscode.Uri): string {
  let sentence = '';
  try {
    assertOnDisk(uri);
  } catch (thrown) {
    sentence = errorSentence(toLatheError(thrown));
  }

  return `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><title>Model Lathe</title></head><body><p role="alert">${escapeHtml(sentence)}</p></body></html>`;
}
