// What the text of a model offers: costs above its lines, hover, outline, folding, go to definition, references.
import * as vscode from 'vscode';
import { formatCount, formatShape } from '../base/format';
import type { LineCost, TextDocument, TextSymbol } from '../protocol/engine';
import type { ValueSummary } from '../protocol/analysis';
import type { LayerDetail } from '../protocol/view';
import { commandUri } from './commandUri';
import { nodeAtLine } from './findingLines';
import type { Host } from './host';
import type { OpenModel } from './openModel';
import { modelUri, textUri } from './textUris';
import { textScheme } from './textUri';
import { t } from './translate';
import { costPhrase } from './wording';

const selector: vscode.DocumentSelector = { scheme: textScheme };

export function registerTextFeatures(host: Host): vscode.Disposable {
  const lenses = new CostLenses(host);
  return vscode.Disposable.from(
    lenses,
    vscode.languages.registerCodeLensProvider(selector, lenses),
    vscode.languages.registerHoverProvider(selector, { provideHover: async (document, position) => await hover(host, document, position) }),
    vscode.languages.registerDocumentSymbolProvider(selector, { provideDocumentSymbols: async (document) => await onModel(host, document, async (model) => symbols(await model.text(), document)) }),
    vscode.languages.registerFoldingRangeProvider(selector, { provideFoldingRanges: async (document) => await onModel(host, document, async (model) => folds(await model.text())) }),
    vscode.languages.registerDefinitionProvider(selector, { provideDefinition: async (document, position) => await definition(host, document, position) }),
    vscode.languages.registerReferenceProvider(selector, { provideReferences: (document, position) => references(document, position) }),
  );
}

/** Runs `work` on the model behind a text; undefined where the text is none of ours or the model cannot be read. */
async function onModel<T>(host: Host, document: vscode.TextDocument, work: (model: OpenModel) => Promise<T>): Promise<T | undefined> {
  const uri = modelUri(document.uri);
  if (uri === undefined) return undefined;
  try {
    return await host.models.use(uri, work);
  } catch (thrown) {
    host.log.debug(`text of ${uri.fsPath}: ${String(thrown)}`);
    return undefined;
  }
}

class CostLens extends vscode.CodeLens {
  constructor(
    range: vscode.Range,
    readonly model: vscode.Uri,
    readonly cost: LineCost,
  ) {
    super(range);
  }
}

class CostLenses implements vscode.CodeLensProvider<CostLens>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changes.event;
  private readonly life: vscode.Disposable;

  constructor(private readonly host: Host) {
    this.life = host.models.onDidChange(({ event }) => {
      if (event.type === 'profile' || event.type === 'snapshot') this.changes.fire();
    });
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<CostLens[] | undefined> {
    return await onModel(this.host, document, async (model) => {
      const [text, costs] = await Promise.all([model.text(), model.lineCosts()]);
      const lines = new Map(text.nodes.map((node) => [node.key, node.line]));
      return costs.flatMap((cost) => {
        const line = lines.get(cost.key);
        return line === undefined || costPhrase(cost) === '' ? [] : [new CostLens(new vscode.Range(line, 0, line, 0), model.uri, cost)];
      });
    });
  }

  resolveCodeLens(lens: CostLens): CostLens {
    lens.command = { command: 'modelLathe.revealLayer', title: costPhrase(lens.cost), tooltip: t('Show in the model view'), arguments: [lens.model.toString(), lens.cost.key] };
    return lens;
  }

  dispose(): void {
    this.life.dispose();
    this.changes.dispose();
  }
}

async function hover(host: Host, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  return await onModel(host, document, async (model) => {
    const node = nodeAtLine(await model.text(), position.line);
    if (node === undefined) return undefined;
    return new vscode.Hover(describe(await model.detail(node.key), model.uri));
  });
}

/** Strings from the model go in as text: a name may look like markup. */
function describe(detail: LayerDetail, model: vscode.Uri): vscode.MarkdownString {
  const page = new vscode.MarkdownString();
  page.isTrusted = { enabledCommands: ['modelLathe.revealLayer'] };
  page.appendMarkdown('**').appendText(detail.domain === '' ? detail.op : `${detail.domain}.${detail.op}`).appendMarkdown('** ').appendText(detail.key).appendMarkdown('\n\n');
  const row = (label: string, text: string): void => void page.appendMarkdown(`- ${label}: `).appendText(text).appendMarkdown('\n');
  if (detail.inputs.length > 0) row(t('Inputs'), detail.inputs.map(valuePhrase).join(', '));
  if (detail.outputs.length > 0) row(t('Outputs'), detail.outputs.map(valuePhrase).join(', '));
  const cost = costPhrase({ key: detail.key, parameters: detail.parameters, macs: detail.macs, weightBytes: detail.weightBytes });
  if (cost !== '') row(t('Cost'), cost);
  if (detail.intensity !== null) row(t('Intensity'), t('{0} MACs per byte', formatCount(detail.intensity)));
  if (detail.roofline !== null) row(t('Roofline'), t('{0} ms on {1}, {2} bound', detail.roofline.milliseconds.toPrecision(3), detail.roofline.device, detail.roofline.bound));
  if (detail.docString !== '') page.appendMarkdown('\n').appendText(detail.docString);
  page.appendMarkdown(`\n[${t('Show in the model view')}](${commandUri('modelLathe.revealLayer', model.toString(), detail.key).toString()})`);
  return page;
}

function valuePhrase(value: ValueSummary): string {
  return value.shape === undefined ? `${value.name} ${value.type}` : `${value.name} ${value.type} ${formatShape(value.shape)}`;
}

const symbolKinds = {
  model: vscode.SymbolKind.File,
  graph: vscode.SymbolKind.Module,
  function: vscode.SymbolKind.Function,
  scope: vscode.SymbolKind.Namespace,
} as const satisfies Record<TextSymbol['kind'], vscode.SymbolKind>;

function symbols(text: TextDocument, document: vscode.TextDocument): vscode.DocumentSymbol[] {
  const last = document.lineCount - 1;
  const made = text.symbols.map((symbol) => {
    const first = Math.min(symbol.firstLine, last);
    const range = new vscode.Range(first, 0, Math.min(symbol.lastLine, last), Number.MAX_SAFE_INTEGER);
    return new vscode.DocumentSymbol(symbol.name === '' ? t('(no name)') : symbol.name, symbol.detail, symbolKinds[symbol.kind], document.validateRange(range), document.validateRange(new vscode.Range(first, 0, first, Number.MAX_SAFE_INTEGER)));
  });
  const top: vscode.DocumentSymbol[] = [];
  text.symbols.forEach((symbol, i) => {
    const one = made[i];
    if (one !== undefined) (made[symbol.parent]?.children ?? top).push(one);
  });
  return top;
}

function folds(text: TextDocument): vscode.FoldingRange[] {
  return text.symbols.filter((symbol) => symbol.lastLine > symbol.firstLine).map((symbol) => new vscode.FoldingRange(symbol.firstLine, symbol.lastLine, vscode.FoldingRangeKind.Region));
}

async function definition(host: Host, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Location | undefined> {
  const name = nameAt(document, position);
  if (name === undefined) return undefined;
  return await onModel(host, document, async (model) => {
    const declared = (await model.text()).values.find((value) => value.name === unquoted(name));
    const line = declared?.line ?? producerLine(document, name);
    return line === undefined ? undefined : new vscode.Location(textUri(model.uri), new vscode.Position(line, 0));
  });
}

function nameAt(document: vscode.TextDocument, position: vscode.Position): string | undefined {
  const range = document.getWordRangeAtPosition(position);
  return range === undefined ? undefined : document.getText(range);
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') ? name.slice(1, -1).replace(/\\(.)/g, '$1') : name;
}

/** The line on which a node makes the value: left of its `=`. */
function producerLine(document: vscode.TextDocument, name: string): number | undefined {
  for (const position of occurrences(document, name)) {
    const before = document.lineAt(position.line).text.slice(0, position.character);
    const after = document.lineAt(position.line).text.slice(position.character + name.length);
    if (!before.includes('=') && !before.includes('(') && /^[^(<]*=/.test(after)) return position.line;
  }
  return undefined;
}

function references(document: vscode.TextDocument, position: vscode.Position): vscode.Location[] {
  const name = nameAt(document, position);
  if (name === undefined) return [];
  return [...occurrences(document, name)].map((start) => new vscode.Location(document.uri, new vscode.Range(start, start.translate(0, name.length))));
}

/** Where a name stands as a whole word. */
function* occurrences(document: vscode.TextDocument, name: string): Generator<vscode.Position> {
  const text = document.getText();
  const boundary = /[\s(){}[\]<>,=:"#]/;
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + name.length)) {
    const before = text[at - 1];
    const after = text[at + name.length];
    if ((before === undefined || boundary.test(before)) && (after === undefined || boundary.test(after))) yield document.positionAt(at);
  }
}
