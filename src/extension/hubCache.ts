// Models of the Hugging Face cache in the editor: the person is asked before links are followed, and where results go.
import path from 'node:path';
import * as vscode from 'vscode';
import { hubCacheFolder } from '../base/hubCache';
import { t } from './translate';

/** Whether the links of this model's files may be followed. */
export async function askCacheLinks(model: string): Promise<boolean> {
  const open = t('Open Read-Only');
  const detail = t('The Hugging Face cache keeps its files as links. Followed are only those to files of the same model in the cache. The model is only read: results go to another folder.');
  return (await vscode.window.showWarningMessage(t('The weights of {0} are links within the Hugging Face cache. Follow them?', path.basename(model)), { modal: true, detail }, open)) === open;
}

/** Where a result goes: beside the model, as usual, or of a model of the cache into the file that the person names; undefined where none is named. */
export async function askOutput(model: vscode.Uri, suffix = '.optimized.onnx'): Promise<{ readonly output?: string } | undefined> {
  if (hubCacheFolder(model.fsPath) === undefined) return {};
  const name = `${path.parse(model.fsPath).name}${suffix}`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const chosen = await vscode.window.showSaveDialog({
    title: t('The Hugging Face cache is only read: where does the result go?'),
    filters: { ONNX: ['onnx'] },
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  return chosen === undefined ? undefined : { output: chosen.fsPath };
}
