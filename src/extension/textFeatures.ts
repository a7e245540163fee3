// What the text of a model offers: costs above its lines, hover, outline, folding. What its words offer is in textWords.ts.
import * as vscode from 'vscode';
import { formatBytes, formatCount, formatShape } from '../base/format';
import type { LineCost, TextSymbol, TextValue } from '../protocol/engine';
import type { ValueSummary } from '../protocol/analysis';
import type { LayerDetail } from '../protocol/view';
import { commandUri } from './commandUri';
import { nodeAtLine } from './findingLines';
import type { Host } from './host';
import type { OpenModel } from './openModel';
import { textLanguage, type TextReader } from './textReader';
import { modelUri } from './textUris';
import { isEditable, textScheme } from './textUri';
import { placeOf, rangeOf } from './textWords';
import { t } from './translate';
import { costPhrase } from './wording';

/** The text of a model's file, and any text of the language. */
const selector: vscode.DocumentSelector = { scheme: textScheme };
const language: vscode.DocumentSelector = { language: textLanguage };

export function registerTextFeatures(host: Host, reader: TextReader): vscode.Disposable {
  const lenses = new CostLenses(host, reader);
  return vscode.Disposable.from(
    lenses,
    vscode.languages.registerCodeLensProvider(selector, lenses),
    vscode.languages.registerHoverProvider(language, { provideHover: async (document, position) => (await valueHover(reader, document, position)) ?? (await nodeHover(host, reader, document, position)) }),
    vscode.languages.registerDocumentSymbolProvider(language, { provideDocumentSymbols: async (document) => symbols(await outline(host, reader, document), document) }),
    vscode.languages.registerFoldingRangeProvider(language, { provideFoldingRanges: async (document) => folds(await outline(host, reader, document)) }),
  );
}

/** Graphs and functions of a text: a model's as it was printed, any other's as it was read. */
async function outline(host: Host, reader: TextReader, document: vscode.TextDocument): Promise<readonly TextSymbol[]> {
  if (isEditable(document.uri)) return (await reader.read(document))?.symbols ?? [];
  return (await onModel(host, document, async (model) => (await model.text()).symbols)) ?? [];
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

  constructor(
    private readonly host: Host,
    private readonly reader: TextReader,
  ) {
    this.life = host.models.onDidChange(({ event }) => {
      if (event.type === 'profile' || event.type === 'snapshot') this.changes.fire();
    });
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<CostLens[] | undefined> {
    return await onModel(this.host, document, async (model) => {
      const [text, costs] = await Promise.all([this.reader.lines(document.uri, model), model.lineCosts()]);
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

/** What is known of the value under the cursor. */
async function valueHover(reader: TextReader, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  const value = await reader.ask('text/value', document, placeOf(position));
  return value === undefined || value === null ? undefined : new vscode.Hover(describeValue(value), rangeOf(value.range));
}

function describeValue({ summary, producer, uses, weight }: TextValue): vscode.MarkdownString {
  const page = new vscode.MarkdownString();
  page.appendMarkdown('**').appendText(summary.name).appendMarkdown('** ').appendText(summary.shape === undefined ? summary.type : `${summary.type} ${formatShape(summary.shape)}`).appendMarkdown('\n\n');
  const row = (label: string, text: string): void => void page.appendMarkdown(`- ${label}: `).appendText(text).appendMarkdown('\n');
  if (producer !== undefined) row(t('Made by'), producer.name === '' ? producer.op : `${producer.op} ${producer.name}`);
  row(t('Read'), uses === 1 ? t('once') : t('{0} times', uses));
  if (weight === undefined) return page;
  row(t('Weight'), `${weight.elementType}[${weight.dims.join(', ')}], ${formatBytes(weight.bytes)}`);
  const { statistics } = weight;
  if (statistics === undefined) return page;
  row(t('Range'), t('{0} to {1}', statistics.min.toPrecision(4), statistics.max.toPrecision(4)));
  row(t('Mean and deviation'), `${statistics.mean.toPrecision(4)} ± ${statistics.standardDeviation.toPrecision(4)}`);
  if (statistics.zeros > 0) row(t('Zeros'), formatCount(statistics.zeros));
  if (statistics.notFinite > 0) row(t('NaN or infinite'), formatCount(statistics.notFinite));
  return page;
}

/** What is known of the node on the line, and at its operator's name what that does. */
async function nodeHover(host: Host, reader: TextReader, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  const [layer, operator] = await Promise.all([layerHover(host, reader, document, position), reader.ask('text/operator', document, { ...placeOf(position), at: 'name' })]);
  if (operator === undefined || operator === null) return layer;
  const page = new vscode.MarkdownString().appendCodeblock(operator.label, textLanguage).appendMarkdown(operator.documentation);
  return new vscode.Hover([page, ...(layer?.contents ?? [])], operator.range === undefined ? undefined : rangeOf(operator.range));
}

async function layerHover(host: Host, reader: TextReader, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  return await onModel(host, document, async (model) => {
    const node = nodeAtLine(await reader.lines(document.uri, model), position.line);
    if (node === undefined) return undefined;
    return new vscode.Hover(describe(await model.detail(node.key), model.uri));
  });
}

/** Strings from the model go in as text: a name may look like markup. */
function describe(detail: LayerDetail, model: vscode.Uri): vscode.MarkdownString {
  const page = new vscode.MarkdownString();
  page.isTrusted = { enabledCommands: ['modelLathe.revealLayer', 'modelLathe.inlineFunctions'] };
  page.appendMarkdown('**').appendText(detail.domain === '' ? detail.op : `${detail.domain}.${detail.op}`).appendMarkdown('** ').appendText(detail.key).appendMarkdown('\n\n');
  const row = (label: string, text: string): void => void page.appendMarkdown(`- ${label}: `).appendText(text).appendMarkdown('\n');
  if (detail.function !== undefined) row(t('Function'), detail.function.signature);
  if (detail.inputs.length > 0) row(t('Inputs'), detail.inputs.map(valuePhrase).join(', '));
  if (detail.outputs.length > 0) row(t('Outputs'), detail.outputs.map(valuePhrase).join(', '));
  const cost = costPhrase({ key: detail.key, parameters: detail.parameters, macs: detail.macs, weightBytes: detail.weightBytes });
  if (cost !== '') row(t('Cost'), cost);
  if (detail.intensity !== null) row(t('Intensity'), t('{0} MACs per byte', formatCount(detail.intensity)));
  if (detail.roofline !== null) row(t('Roofline'), t('{0} ms on {1}, {2} bound', detail.roofline.milliseconds.toPrecision(3), detail.roofline.device, detail.roofline.bound));
  if (detail.docString !== '') page.appendMarkdown('\n').appendText(detail.docString);
  page.appendMarkdown(`\n[${t('Show in the model view')}](${commandUri('modelLathe.revealLayer', model.toString(), detail.key).toString()})`);
  if (detail.function !== undefined) page.appendMarkdown(` · [${t('Inline Function')}](${commandUri('modelLathe.inlineFunctions', model.toString(), detail.function.label).toString()})`);
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

function symbols(all: readonly TextSymbol[], document: vscode.TextDocument): vscode.DocumentSymbol[] {
  const last = document.lineCount - 1;
  const made = all.map((symbol) => {
    const first = Math.min(symbol.firstLine, last);
    const range = new vscode.Range(first, 0, Math.min(symbol.lastLine, last), Number.MAX_SAFE_INTEGER);
    return new vscode.DocumentSymbol(symbol.name === '' ? t('(no name)') : symbol.name, symbol.detail, symbolKinds[symbol.kind], document.validateRange(range), document.validateRange(new vscode.Range(first, 0, first, Number.MAX_SAFE_INTEGER)));
  });
  const top: vscode.DocumentSymbol[] = [];
  all.forEach((symbol, i) => {
    const one = made[i];
    if (one !== undefined) (made[symbol.parent]?.children ?? top).push(one);
  });
  return top;
}

function folds(all: readonly TextSymbol[]): vscode.FoldingRange[] {
  return all.filter((symbol) => symbol.lastLine > symbol.firstLine).map((symbol) => new vscode.FoldingRange(symbol.firstLine, symbol.lastLine, vscode.FoldingRangeKind.Region));
}
