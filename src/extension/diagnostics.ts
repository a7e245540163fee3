// Findings as diagnostics: one by one on the lines of the model's text or in its JSON, and one roll-up on the model's file.
import * as vscode from 'vscode';
import { placedMessage, type Finding } from '../protocol/findings';
import { isJsonPath } from '../base/notYet';
import { compareFindings, placeFindings, shownAtMost, type PlacedFinding } from './findingLines';
import { commandUri } from './commandUri';
import type { Host } from './host';
import type { OpenModel } from './openModel';
import type { TextReader } from './textReader';
import { textUri } from './textUris';
import { t } from './translate';
import { fixPhrase, rollUpPhrase } from './wording';

export const diagnosticSource = 'Model Lathe';

const severities = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
} as const satisfies Record<Finding['severity'], vscode.DiagnosticSeverity>;

/** How many lines the roll-up links to. */
const linkedFindings = 10;

export class Diagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('modelLathe');
  private readonly life: vscode.Disposable;
  /** Findings last published, by text URI, for code actions. */
  private readonly published = new Map<string, readonly PlacedFinding[]>();

  /** Findings of TensorFlow.js models with their ranges in the JSON, by its URI. */
  private readonly inJson = new Map<string, readonly { readonly finding: Finding; readonly range: vscode.Range }[]>();

  private readonly publications = new vscode.EventEmitter<void>();
  /** Findings of some text are others now. */
  readonly onDidPublish = this.publications.event;

  constructor(
    private readonly host: Host,
    private readonly reader: TextReader,
  ) {
    this.life = vscode.Disposable.from(
      this.collection,
      this.publications,
      host.models.onDidChange(({ model, event }) => {
        if (event.type === 'findings') void this.publish(model, event.findings);
        else if (event.type === 'gone') this.clear(model);
      }),
      host.models.onDidClose((model) => this.clear(model)),
    );
  }

  /** All findings of a text. */
  of(text: vscode.Uri): readonly PlacedFinding[] {
    return this.published.get(text.toString()) ?? [];
  }

  /** Findings on some lines of a text. */
  at(text: vscode.Uri, range: vscode.Range): PlacedFinding[] {
    return this.of(text).filter(({ line }) => line >= range.start.line && line <= range.end.line);
  }

  /** Findings at a place of a TensorFlow.js model's JSON, of which a minified one has all on one line. */
  inJsonAt(json: vscode.Uri, range: vscode.Range): { readonly finding: Finding; readonly range: vscode.Range }[] {
    return (this.inJson.get(json.toString()) ?? []).filter((placed) => placed.range.intersection(range) !== undefined);
  }

  dispose(): void {
    this.life.dispose();
  }

  private async publish(model: OpenModel, findings: readonly Finding[]): Promise<void> {
    try {
      if (isJsonPath(model.path)) {
        await this.publishInJson(model, findings);
        return;
      }
      const uri = textUri(model.uri);
      const placed = placeFindings(findings, await this.reader.lines(uri, model));
      if (model.findings !== findings || this.host.models.find(model.uri) !== model) return; // newer ones are on their way
      this.published.set(uri.toString(), placed);
      this.collection.set(uri, placed.map((one) => lineDiagnostic(one)));
      this.publications.fire();
      this.collection.set(model.uri, findings.length === 0 ? [] : [rollUp(model, findings, placed, uri)]);
      // The lightbulb in Problems needs a text model: opening the document in the background makes one, without a tab.
      if (findings.length > 0) await vscode.workspace.openTextDocument(uri);
    } catch (thrown) {
      this.host.log.debug(`findings of ${model.path} were not published: ${String(thrown)}`);
    }
  }

  /** A TensorFlow.js model is a text itself: its findings stand on its nodes, layers and weights. */
  private async publishInJson(model: OpenModel, findings: readonly Finding[]): Promise<void> {
    const sorted = [...findings].sort(compareFindings).slice(0, shownAtMost);
    const names = [...new Set(sorted.flatMap(({ layer, value }) => layer ?? value ?? []))];
    const places = await model.jsonPlaces(names);
    if (model.findings !== findings || this.host.models.find(model.uri) !== model) return; // newer ones are on their way
    const ranges = new Map(places.map(({ name, range }) => [name, range]));
    const placed = sorted.map((finding) => ({ finding, range: ranges.get(finding.layer ?? finding.value ?? '') ?? new vscode.Range(0, 0, 0, 0) }));
    this.inJson.set(model.uri.toString(), placed);
    this.collection.set(model.uri, placed.map(({ finding, range }) => diagnosticOf(finding, range)));
    this.publications.fire();
  }

  private clear(model: OpenModel): void {
    const uri = textUri(model.uri);
    this.published.delete(uri.toString());
    this.inJson.delete(model.uri.toString());
    this.collection.delete(uri);
    this.collection.delete(model.uri);
  }
}

function lineDiagnostic({ finding, line, length }: PlacedFinding): vscode.Diagnostic {
  return diagnosticOf(finding, new vscode.Range(line, 0, line, length === 0 ? Number.MAX_SAFE_INTEGER : length));
}

function diagnosticOf(finding: Finding, range: vscode.Range): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(range, placedMessage(finding), severities[finding.severity]);
  diagnostic.source = diagnosticSource;
  diagnostic.code = finding.code;
  if (finding.code === 'dead-node' || finding.code === 'dead-weights') diagnostic.tags = [vscode.DiagnosticTag.Unnecessary];
  return diagnostic;
}

function rollUp(model: OpenModel, findings: readonly Finding[], placed: readonly PlacedFinding[], text: vscode.Uri): vscode.Diagnostic {
  const sorted = [...findings].sort(compareFindings);
  const worst = sorted[0]?.severity ?? 'information';
  const diagnostic = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), rollUpPhrase(sorted), severities[worst]);
  diagnostic.source = diagnosticSource;
  diagnostic.code = { value: t('Show findings'), target: commandUri('modelLathe.showFindings', model.uri.toString()) };
  diagnostic.relatedInformation = placed.slice(0, linkedFindings).map(({ finding, line }) => {
    const fix = finding.fixes[0];
    const message = fix === undefined ? placedMessage(finding) : `${placedMessage(finding)} → ${fixPhrase(fix)}`;
    return new vscode.DiagnosticRelatedInformation(new vscode.Location(text, new vscode.Position(line, 0)), message);
  });
  return diagnostic;
}
