// Two models side by side in the diff editor: texts in which what belongs together has one name and one place.
import path from 'node:path';
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import type { Models } from './models';
import { compareScheme, textExtension } from './textUri';
import { t } from './translate';
import { errorSentence } from './wording';

interface Texts {
  readonly before: string;
  readonly after: string;
}

async function textsOf(models: Models, before: vscode.Uri, after: vscode.Uri): Promise<Texts> {
  return await models.use(before, async (first) => await models.use(after, async (second) => await first.withDocument(async (engine, one) => await second.withDocument(async (_, other) => await engine.request('model/compareTexts', { before: one, after: other })))));
}

export class ComparedTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changes.event;
  /** The last pair, as both sides ask for it one after the other. */
  private last: { readonly key: string; readonly texts: Promise<Texts> } | undefined;
  private readonly life: vscode.Disposable;

  constructor(private readonly models: Models) {
    this.life = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(compareScheme, this),
      models.onDidChange(({ model, event }) => {
        if (event.type !== 'text') return;
        this.last = undefined;
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme !== compareScheme) continue;
          const { before, after } = askedFor(uri);
          if ([before, after].includes(model.uri.toString())) this.changes.fire(uri);
        }
      }),
    );
  }

  /** Shows the structure of two models in VS Code's diff editor. @throws LatheError. */
  async show(before: vscode.Uri, after: vscode.Uri): Promise<void> {
    const pair = new URLSearchParams({ before: before.toString(), after: after.toString() });
    const side = (which: keyof Texts, model: vscode.Uri): vscode.Uri => vscode.Uri.from({ scheme: compareScheme, path: model.path + textExtension, query: new URLSearchParams([...pair, ['side', which]]).toString() });
    const title = t('{0} ↔ {1}, names and order as in {0}', path.basename(before.fsPath), path.basename(after.fsPath));
    // What cannot be read is said as any error is, not by an editor without text.
    await vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: t('Comparing the structure of two models') }, async () => await this.texts(before.toString(), after.toString()));
    await vscode.commands.executeCommand('vscode.diff', side('before', before), side('after', after), title);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { before, after, side } = askedFor(uri);
    try {
      return (await this.texts(before, after))[side];
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(errorSentence(toLatheError(thrown, uri.fsPath)));
    }
  }

  private async texts(before: string, after: string): Promise<Texts> {
    const key = `${before}\n${after}`;
    if (this.last?.key !== key) {
      const last = { key, texts: textsOf(this.models, vscode.Uri.parse(before, true), vscode.Uri.parse(after, true)) };
      this.last = last;
      last.texts.catch(() => {
        if (this.last === last) this.last = undefined;
      });
    }
    return await this.last.texts;
  }

  dispose(): void {
    this.life.dispose();
    this.changes.dispose();
  }
}

function askedFor(uri: vscode.Uri): { readonly before: string; readonly after: string; readonly side: keyof Texts } {
  const asked = new URLSearchParams(uri.query);
  return { before: asked.get('before') ?? '', after: asked.get('after') ?? '', side: asked.get('side') === 'before' ? 'before' : 'after' };
}
