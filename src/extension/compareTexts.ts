// Two models side by side in the diff editor: texts in which what belongs together has one name and one place.
import path from 'node:path';
import * as vscode from 'vscode';
import { toLatheError } from '../base/errors';
import type { DocumentId } from '../protocol/engine';
import type { EngineClient, RequestOptions } from './engineClient';
import type { Host } from './host';
import type { OpenModel } from './openModel';
import { compareScheme, textExtension } from './textUri';
import { t } from './translate';
import { errorSentence } from './wording';

interface Texts {
  readonly before: string;
  readonly after: string;
}

async function textsOf({ models }: Host, before: vscode.Uri, after: vscode.Uri, options: RequestOptions): Promise<Texts> {
  return await models.use(before, async (first) => await models.use(after, async (second) => await withDocuments(first, second, async (engine, one, other) => await engine.request('model/compareTexts', { before: one, after: other }, options))));
}

/** Lets `work` use two models in the engine. @throws LatheError. */
export async function withDocuments<T>(before: OpenModel, after: OpenModel, work: (engine: EngineClient, before: DocumentId, after: DocumentId) => Promise<T>): Promise<T> {
  return await before.withDocument(async (engine, one) => await after.withDocument(async (_, other) => await work(engine, one, other)));
}

export class ComparedTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changes.event;
  /** The last pair, as both sides ask for it one after the other. */
  private last: { readonly key: string; readonly texts: Promise<Texts> } | undefined;
  private readonly life: vscode.Disposable;

  constructor(private readonly host: Host) {
    this.life = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(compareScheme, this),
      host.models.onDidChange(({ model, event }) => {
        if (event.type !== 'text') return;
        this.last = undefined;
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme !== compareScheme) continue;
          const { before, after } = comparedIn(uri);
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
    const texts = await this.host.jobs.run(t('Comparing the structure of {0} and {1}', path.basename(before.fsPath), path.basename(after.fsPath)), before, async (context) => await this.texts(before.toString(), after.toString(), context));
    if (texts === undefined) return; // cancelled
    await vscode.commands.executeCommand('vscode.diff', side('before', before), side('after', after), title);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { before, after, side } = comparedIn(uri);
    try {
      return (await this.texts(before, after))[side];
    } catch (thrown) {
      throw vscode.FileSystemError.Unavailable(errorSentence(toLatheError(thrown, uri.fsPath)));
    }
  }

  private async texts(before: string, after: string, options: RequestOptions = {}): Promise<Texts> {
    const key = `${before}\n${after}`;
    if (this.last?.key !== key) {
      const last = { key, texts: textsOf(this.host, vscode.Uri.parse(before, true), vscode.Uri.parse(after, true), options) };
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

/** The models that a text of this scheme compares, as addresses, and whose side it is. */
export function comparedIn(uri: vscode.Uri): { readonly before: string; readonly after: string; readonly side: keyof Texts } {
  const asked = new URLSearchParams(uri.query);
  return { before: asked.get('before') ?? '', after: asked.get('after') ?? '', side: asked.get('side') === 'before' ? 'before' : 'after' };
}
