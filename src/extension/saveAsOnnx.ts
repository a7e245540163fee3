// Save as ONNX: a TensorFlow.js model as a new ONNX file, opened; or a list of what stands in the way, each entry a way to its place.
import path from 'node:path';
import * as vscode from 'vscode';
import { isJsonPath } from '../base/notYet';
import { LatheError } from '../base/errors';
import type { Conversion } from '../protocol/engine';
import { requireTrust, type Host } from './host';
import { askOutput } from './hubCache';
import { t } from './translate';

type NotLowered = Conversion['notLowered'][number];

/** @throws LatheError `usage` for a model that is ONNX already, or as the engine. */
export async function saveAsOnnx(host: Host, uri: vscode.Uri): Promise<Conversion | undefined> {
  if (!isJsonPath(uri.path)) throw new LatheError('usage', 'The model is ONNX already.', { file: uri.fsPath });
  await requireTrust();
  const place = await askOutput(uri, '.onnx');
  if (place === undefined) return undefined;
  const name = path.basename(uri.fsPath);
  const conversion = await host.jobs.run(t('Saving {0} as ONNX', name), uri, async (context) =>
    await host.models.use(uri, async (model) => await model.withDocument(async (engine, document) => await engine.request('model/convert', { document, ...place }, context))),
  );
  if (conversion?.path !== undefined) await vscode.commands.executeCommand('modelLathe.openModelView', vscode.Uri.file(conversion.path));
  else if (conversion !== undefined) void tellNotLowered(uri, name, conversion.notLowered);
  return conversion;
}

/** One sentence; the whole list behind a button. */
async function tellNotLowered(uri: vscode.Uri, name: string, notLowered: readonly NotLowered[]): Promise<void> {
  const show = t('Show List');
  const sentence = t('{0} was not saved as ONNX, nothing was written: {1}.', name, notLoweredPhrase(notLowered));
  if ((await vscode.window.showWarningMessage(sentence, show)) === show) await pickNotLowered(uri, name, notLowered);
}

/** The kinds named in the sentence; the list has them all. */
const kindsNamed = 3;

/** `40 nodes have no counterpart (Bincount, StringLower and 3 other operators)`. */
export function notLoweredPhrase(notLowered: readonly NotLowered[]): string {
  const counts = new Map<string, number>();
  for (const { op } of notLowered) counts.set(op, (counts.get(op) ?? 0) + 1);
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([op]) => op);
  const named = kinds.slice(0, kindsNamed).join(', ');
  const more = kinds.length - kindsNamed;
  const which = more <= 0 ? named : more === 1 ? t('{0} and 1 more', named) : t('{0} and {1} more', named, more);
  return notLowered.length === 1 ? t('1 node cannot be converted ({0})', which) : t('{0} nodes cannot be converted ({1})', notLowered.length, which);
}

/** All of them with their reasons; the chosen one is shown in the JSON. */
async function pickNotLowered(uri: vscode.Uri, name: string, notLowered: readonly NotLowered[]): Promise<void> {
  const items = notLowered.map(({ node, op, reason }) => ({ label: op, description: node, detail: reason, node }));
  const chosen = await vscode.window.showQuickPick(items, { title: t('What cannot be converted in {0}', name), placeHolder: t('Choose one to see it in the JSON'), matchOnDescription: true, matchOnDetail: true });
  if (chosen !== undefined) await vscode.commands.executeCommand('modelLathe.showText', uri.toString(), chosen.node);
}
