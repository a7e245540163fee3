// What the words of a model's text offer: definition, references, highlights, types behind the names, colours.
import * as vscode from 'vscode';
import { textTokenModifiers, textTokenTypes, type TextCompletion, type TextRange } from '../protocol/engine';
import { isEditable } from './textUri';
import { textLanguage, type TextReader } from './textReader';
import { t } from './translate';

const selector: vscode.DocumentSelector = { language: textLanguage };
const completionKinds = {
  operator: vscode.CompletionItemKind.Function,
  function: vscode.CompletionItemKind.Method,
  value: vscode.CompletionItemKind.Variable,
  attribute: vscode.CompletionItemKind.Property,
  constant: vscode.CompletionItemKind.EnumMember,
  type: vscode.CompletionItemKind.Struct,
  dimension: vscode.CompletionItemKind.TypeParameter,
  domain: vscode.CompletionItemKind.Module,
} as const satisfies Record<TextCompletion['kind'], vscode.CompletionItemKind>;
/** Where what may come next is known too. */
const askAgain: vscode.Command = { command: 'editor.action.triggerSuggest', title: '' };
const legend = new vscode.SemanticTokensLegend([...textTokenTypes], [...textTokenModifiers]);

export function registerTextWords(reader: TextReader): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerDefinitionProvider(selector, {
      provideDefinition: async (document, position) => {
        const word = await reader.ask('text/word', document, placeOf(position));
        return word?.definition === undefined ? undefined : new vscode.Location(document.uri, rangeOf(word.definition));
      },
    }),
    vscode.languages.registerReferenceProvider(selector, {
      provideReferences: async (document, position, { includeDeclaration }) => {
        const word = await reader.ask('text/word', document, placeOf(position));
        return word?.places.filter(({ writes }) => includeDeclaration || !writes).map(({ range }) => new vscode.Location(document.uri, rangeOf(range)));
      },
    }),
    vscode.languages.registerDocumentHighlightProvider(selector, {
      provideDocumentHighlights: async (document, position) => {
        const word = await reader.ask('text/word', document, placeOf(position));
        return word?.places.map(({ range, writes }) => new vscode.DocumentHighlight(rangeOf(range), writes ? vscode.DocumentHighlightKind.Write : vscode.DocumentHighlightKind.Read));
      },
    }),
    vscode.languages.registerRenameProvider(selector, {
      prepareRename: async (document, position) => {
        if (!isEditable(document.uri)) throw new Error(t('This text shows a model as it is. Edit a Copy… makes one that can be changed.'));
        const word = await reader.ask('text/word', document, placeOf(position));
        if (word?.kind !== 'value') throw new Error(t('Only values can be renamed.'));
        return { range: rangeOf(word.range), placeholder: word.name };
      },
      provideRenameEdits: async (document, position, name) => {
        const edits = await reader.ask('text/rename', document, { ...placeOf(position), name });
        const edit = new vscode.WorkspaceEdit();
        for (const { range, text } of edits ?? []) edit.replace(document.uri, rangeOf(range), text);
        return edit;
      },
    }),
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        provideCompletionItems: async (document, position) => {
          if (!isEditable(document.uri)) return undefined;
          const found = await reader.ask('text/complete', document, placeOf(position));
          if (found === undefined) return undefined;
          const range = rangeOf(found.range);
          return new vscode.CompletionList(
            found.items.map(({ kind, label, insert, detail, documentation, more }, order) => {
              const item = new vscode.CompletionItem(label, completionKinds[kind]);
              item.insertText = insert;
              item.filterText = document.getText(range).startsWith('"') ? `"${label}` : label;
              item.range = range;
              item.sortText = String(order).padStart(6, '0');
              if (detail !== undefined) item.detail = detail;
              if (documentation !== undefined) item.documentation = new vscode.MarkdownString(documentation);
              if (more === true) item.command = askAgain;
              return item;
            }),
            !found.complete,
          );
        },
      },
      '(',
      ',',
      '=',
      '"',
      ' ',
      '<',
      '[',
    ),
    vscode.languages.registerSignatureHelpProvider(
      selector,
      {
        provideSignatureHelp: async (document, position) => {
          if (!isEditable(document.uri)) return undefined;
          const called = await reader.ask('text/operator', document, { ...placeOf(position), at: 'inputs' });
          if (called === undefined || called === null) return undefined;
          const signature = new vscode.SignatureInformation(called.label, new vscode.MarkdownString(called.documentation));
          signature.parameters = called.inputs.map(([start, end]) => new vscode.ParameterInformation([start, end]));
          const help = new vscode.SignatureHelp();
          help.signatures = [signature];
          help.activeSignature = 0;
          help.activeParameter = called.active ?? 0;
          return help;
        },
      },
      '(',
      ',',
    ),
    vscode.languages.registerInlayHintsProvider(selector, {
      provideInlayHints: async (document, range) => {
        const hints = await reader.ask('text/hints', document, linesOf(range));
        return hints?.map(({ line, character, label }) => new vscode.InlayHint(new vscode.Position(line, character), `: ${label}`, vscode.InlayHintKind.Type));
      },
    }),
    // Only for the lines that are seen: a text of 50,000 nodes has half a million words.
    vscode.languages.registerDocumentRangeSemanticTokensProvider(
      selector,
      {
        provideDocumentRangeSemanticTokens: async (document, range) => {
          const data = await reader.ask('text/tokens', document, linesOf(range));
          return data === undefined ? undefined : new vscode.SemanticTokens(data);
        },
      },
      legend,
    ),
  );
}

export function rangeOf({ line, character, endLine, endCharacter }: TextRange): vscode.Range {
  return new vscode.Range(line, character, endLine, endCharacter);
}

/** A position's numbers: they are getters, which copying an object leaves behind. */
export function placeOf({ line, character }: vscode.Position): { line: number; character: number } {
  return { line, character };
}

export function linesOf(range: vscode.Range): { firstLine: number; lastLine: number } {
  return { firstLine: range.start.line, lastLine: range.end.line };
}
