// What is wrong with a text that a person types or keeps in a file, as diagnostics.
import * as vscode from 'vscode';
import { diagnosticSource } from './diagnostics';
import { textLanguage, type TextReader } from './textReader';
import { rangeOf } from './textWords';
import { isEditable } from './textUri';

/** The text is read when the person pauses. */
const pauseMs = 250;

const severities = { error: vscode.DiagnosticSeverity.Error, warning: vscode.DiagnosticSeverity.Warning, hint: vscode.DiagnosticSeverity.Hint };

export class TextProblems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('modelLatheText');
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  private readonly life: vscode.Disposable;

  constructor(private readonly reader: TextReader) {
    this.life = vscode.Disposable.from(
      this.collection,
      vscode.workspace.onDidOpenTextDocument((document) => this.look(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.look(document, pauseMs);
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.forget(document.uri.toString());
        this.collection.delete(document.uri);
      }),
    );
    for (const document of vscode.workspace.textDocuments) this.look(document, 0);
  }

  dispose(): void {
    this.life.dispose();
    for (const key of [...this.waiting.keys()]) this.forget(key);
  }

  /** The text of a model that is only shown has no problems: it was printed. */
  private look(document: vscode.TextDocument, afterMs: number): void {
    if (document.languageId !== textLanguage || !isEditable(document.uri)) return;
    const key = document.uri.toString();
    this.forget(key);
    this.waiting.set(
      key,
      setTimeout(() => {
        this.waiting.delete(key);
        void this.publish(document);
      }, afterMs),
    );
  }

  private async publish(document: vscode.TextDocument): Promise<void> {
    const { version } = document;
    const reading = await this.reader.read(document);
    if (reading === undefined || document.isClosed || document.version !== version) return;
    this.collection.set(
      document.uri,
      reading.problems.map(({ message, range, severity }) => {
        const diagnostic = new vscode.Diagnostic(rangeOf(range), message, severities[severity ?? 'error']);
        if (severity === 'hint') diagnostic.tags = [vscode.DiagnosticTag.Unnecessary];
        diagnostic.source = diagnosticSource;
        return diagnostic;
      }),
    );
  }

  private forget(key: string): void {
    clearTimeout(this.waiting.get(key));
    this.waiting.delete(key);
  }
}
