// The engine's reading of the texts in the editor: each version is sent once, and questions on it follow.
import * as vscode from 'vscode';
import { LatheError } from '../base/errors';
import type { DocumentId, EngineRequests, TextDocument, TextReading, TextVersion } from '../protocol/engine';
import type { EngineClient } from './engineClient';
import type { Host } from './host';
import type { OpenModel } from './openModel';
import { isEditable } from './textUri';
import { modelUri } from './textUris';

export const textLanguage = 'onnxtxt';

/** The questions on a version of a text. */
type Question = 'text/word' | 'text/value' | 'text/rename' | 'text/complete' | 'text/operator' | 'text/fixes' | 'text/hints' | 'text/tokens';
type Asked<Q extends Question> = Omit<EngineRequests[Q]['params'], keyof TextVersion>;

interface Reading {
  readonly version: number;
  /** The engine process that read it: another one knows nothing of it. */
  readonly generation: number;
  readonly result: Promise<TextReading>;
}

export class TextReader implements vscode.Disposable {
  private readonly readings = new Map<string, Reading>();
  private readonly life: vscode.Disposable;

  constructor(private readonly host: Host) {
    this.life = vscode.workspace.onDidCloseTextDocument((document) => this.close(document));
  }

  /** What the engine read in a text as it is now; undefined where it could not be asked. */
  async read(document: vscode.TextDocument): Promise<TextReading | undefined> {
    return await this.withEngine(document, async (engine, source) => await this.reading(document, engine, source));
  }

  /** Lines of a model's nodes and values in its text: as printed, or in one that is edited as it is now. @throws LatheError. */
  async lines(text: vscode.Uri, model: OpenModel): Promise<Omit<TextDocument, 'text'>> {
    const document = isEditable(text) ? vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === text.toString()) : undefined;
    return (document === undefined ? undefined : await this.read(document)) ?? (await model.text());
  }

  /** The answer to a question on a text as it is now; undefined where there is none, or the text changed meanwhile. */
  async ask<Q extends Question>(question: Q, document: vscode.TextDocument, asked: Asked<Q>): Promise<EngineRequests[Q]['result'] | undefined> {
    return await this.withEngine(document, async (engine, source) => {
      const { version } = document;
      await this.reading(document, engine, source);
      const params = { ...asked, uri: document.uri.toString(), version } as EngineRequests[Q]['params'];
      try {
        return await engine.request(question, params);
      } catch (thrown) {
        if (!(thrown instanceof LatheError) || thrown.code !== 'not-found' || document.version !== version) throw thrown;
        // Forgotten for other texts: read once more.
        this.readings.delete(document.uri.toString());
        await this.reading(document, engine, source);
        return await engine.request(question, params);
      }
    });
  }

  dispose(): void {
    this.life.dispose();
  }

  private async reading(document: vscode.TextDocument, engine: EngineClient, source: DocumentId | undefined): Promise<TextReading> {
    const key = document.uri.toString();
    const known = this.readings.get(key);
    if (known?.version === document.version && known.generation === engine.generation && engine.processId !== undefined) return await known.result;
    const result = engine.request('text/read', { uri: key, version: document.version, text: document.getText(), ...(source === undefined ? {} : { source }) });
    const reading = { version: document.version, generation: engine.generation, result };
    this.readings.set(key, reading);
    result.catch(() => {
      if (this.readings.get(key) === reading) this.readings.delete(key);
    });
    return await result;
  }

  /** Runs `work` with the engine, and for the text of a model with that open in the engine. */
  private async withEngine<T>(document: vscode.TextDocument, work: (engine: EngineClient, source: DocumentId | undefined) => Promise<T>): Promise<T | undefined> {
    try {
      const model = modelUri(document.uri);
      if (model === undefined) return await work(await this.host.engine(), undefined);
      return await this.host.models.use(model, async (open) => await open.withDocument(work));
    } catch (thrown) {
      // What the person asked for and cannot have is for the person to read.
      if (thrown instanceof LatheError && thrown.code === 'usage') throw thrown;
      this.host.log.debug(`text ${document.uri.path}: ${String(thrown)}`);
      return undefined;
    }
  }

  private close(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    if (!this.readings.delete(key)) return;
    this.host
      .engine()
      .then(async (engine) => {
        if (engine.processId !== undefined) await engine.request('text/close', { uri: key });
      })
      .catch(() => undefined);
  }
}
