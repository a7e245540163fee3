// The texts open in the editor, each read once per version: what their words name, and what is known of their values.
import { countWhile } from '../base/bisect';
import { isEditedCopy } from '../base/editedName';
import { LatheError } from '../base/errors';
import { visible } from '../base/visible';
import { inferTypes, type TypeInference } from '../analysis/infer';
import { summarizeValue } from '../analysis/summarize';
import { openVersions, printEditedCopy } from '../formats/editedCopy';
import { printModel, typeText as syntaxOf } from '../formats/text/print';
import { type ModelText, readModelText, textDocument } from '../formats/text/read';
import { type NamedValue, Words } from '../formats/text/words';
import { elementText, identifier } from '../formats/text/syntax';
import type { Model, ValueType } from '../graph/model';
import type { TextCompletions, TextEdit, TextFix, TextHint, TextOperator, TextReading, TextValue, TextVersion, TextWord } from '../protocol/engine';
import { weightDetailOf } from './detail';
import { type CheckedProblem, checkText } from './textChecks';
import { completeText } from './textCompletion';
import { operatorCalled, operatorNamed } from './textOperators';

/** Problems that fixes are looked for at a time: an editor asks for each selection, be it the whole text. */
const mendedAtMost = 20;

/** The text of a model: of a copy that is edited with its versions, see editedCopy.ts, where these may be kept; else it can only be read. */
export async function printText(model: Model, keep: boolean): Promise<string> {
  return keep && isEditedCopy(model.path ?? '') ? await printEditedCopy(model) : printModel(model);
}

/** The texts of models that are only shown: an editor hands each back as it got it. */
const shown = new WeakMap<Model, ModelText>();

/** Reads a text that refers to a model, where it does. */
export async function readText(content: string, source: Model | undefined): Promise<ModelText> {
  if (source === undefined) return readModelText(content);
  if (!isEditedCopy(source.path ?? '')) {
    const known = shown.get(source);
    if (known?.text === content) return known;
    const read = readModelText(content, { source });
    shown.set(source, read);
    return read;
  }
  const { others, dispose } = await openVersions(source, content);
  try {
    return readModelText(content, { source, others });
  } finally {
    dispose(); // weights that are asked for later open their file again
  }
}

interface Entry {
  readonly version: number;
  readonly text: ModelText;
  readonly words: Words;
  types: TypeInference | undefined;
  /** What is wrong with the model, behind what is wrong with the text. */
  checked: readonly CheckedProblem[];
}

/** Statistics of a weight up to this size take a moment; a larger one has them in the inspector. */
const statisticsBytes = 2 ** 26;
/** Texts that an editor has open at a time; one that was forgotten is read again. */
const keptTexts = 8;

export class Texts {
  private readonly entries = new Map<string, Entry>();

  /** Reads a text. `source` is the model that it refers to. */
  async read(uri: string, version: number, content: string, source: Model | undefined): Promise<TextReading> {
    const text = await readText(content, source);
    this.entries.delete(uri);
    const [oldest] = this.entries.keys();
    if (oldest !== undefined && this.entries.size >= keptTexts) this.entries.delete(oldest);
    const entry: Entry = { version, text, words: new Words(text), types: undefined, checked: [] };
    this.entries.set(uri, entry);
    const { nodes, values, symbols } = textDocument(text);
    // A text that is only shown was printed from a model whose findings say what is wrong with it.
    const edited = source === undefined || isEditedCopy(source.path ?? '');
    const types = edited ? typesOf(entry) : undefined;
    if (text.model !== undefined && types !== undefined) entry.checked = checkText(text.model, entry.words, types);
    return { problems: [...text.problems, ...entry.checked.map(({ problem }) => problem)], nodes, values, symbols };
  }

  close(uri: string): void {
    this.entries.delete(uri);
  }

  /** @throws LatheError `not-found` for a version that was not read, as all of these. */
  word(of: TextVersion, line: number, character: number): TextWord | null {
    const { words } = this.get(of);
    return words.word(words.offsetAt(line, character));
  }

  tokens(of: TextVersion, firstLine: number, lastLine: number): Uint32Array {
    return this.get(of).words.tokens(firstLine, lastLine);
  }

  /** What changes where the value named at a place gets another name. @throws LatheError `usage` where it cannot have it. */
  rename(of: TextVersion, line: number, character: number, name: string): TextEdit[] {
    const { words } = this.get(of);
    const value = words.value(words.offsetAt(line, character));
    if (value === undefined) throw new LatheError('usage', 'Only values can be renamed.');
    if (name === '') throw new LatheError('usage', 'A value without a name is one that is left out.', { hint: 'Give it a name.' });
    for (const mark of words.naming()) if (words.name(mark) === name) throw new LatheError('usage', 'There is a value of this name already.', { item: name, hint: 'Choose another name.' });
    return value.marks.map((mark) => ({ range: words.range(mark), text: identifier(name) }));
  }

  complete(of: TextVersion, line: number, character: number): TextCompletions {
    const { words } = this.get(of);
    return completeText(words, words.offsetAt(line, character));
  }

  /** What mends the problems that stand on some lines; of many, the first. */
  fixes(of: TextVersion, firstLine: number, lastLine: number): TextFix[] {
    const { checked, text } = this.get(of);
    const mendable = [...checked.entries()].filter(([, { problem: { range }, fixes }]) => range.line <= lastLine && range.endLine >= firstLine && fixes !== undefined);
    return mendable.slice(0, mendedAtMost).flatMap(([i, { fixes }]) => (fixes?.() ?? []).map((fix) => ({ ...fix, problem: text.problems.length + i })));
  }

  /** The operator named at a place, or in whose inputs the place is; null where there is none or it is not known. */
  operator(of: TextVersion, line: number, character: number, at: 'name' | 'inputs'): TextOperator | null {
    const { words } = this.get(of);
    const offset = words.offsetAt(line, character);
    return at === 'name' ? operatorNamed(words, offset) : operatorCalled(words, offset);
  }

  /** What is known of the value named at a place; null where none is. */
  value(of: TextVersion, line: number, character: number): TextValue | null {
    const entry = this.get(of);
    const { words, text } = entry;
    const named = words.value(words.offsetAt(line, character));
    if (named === undefined || named.name === '') return null;
    const scope = named.definition?.scope ?? named.mark.scope;
    const graph = text.graphs.get(scope);
    const tensor = graph?.initializers.get(named.name);
    const producer = named.definition?.kind === 'definition' ? this.producer(entry, named) : undefined;
    return {
      range: words.range(named.mark),
      summary: summarizeValue(named.name, graph === undefined ? undefined : typesOf(entry)?.typeOf(graph, named.name)),
      uses: named.marks.filter(({ kind }) => kind === 'use').length,
      ...(producer === undefined ? {} : { producer }),
      ...(tensor === undefined ? {} : { weight: weightDetailOf(tensor, statisticsBytes) }),
    };
  }

  /** Types of the values made on some lines, to be shown behind their names. */
  hints(of: TextVersion, firstLine: number, lastLine: number): TextHint[] {
    const entry = this.get(of);
    const types = typesOf(entry);
    if (types === undefined) return [];
    const hints: TextHint[] = [];
    for (const mark of entry.words.between(firstLine, lastLine)) {
      const graph = mark.kind === 'definition' ? entry.text.graphs.get(mark.scope) : undefined;
      const type = graph === undefined ? undefined : types.typeOf(graph, entry.words.name(mark));
      if (type === undefined) continue;
      const { endLine, endCharacter } = entry.words.range(mark);
      hints.push({ line: endLine, character: endCharacter, label: hintText(type) });
    }
    return hints;
  }

  private producer({ text }: Entry, { definition }: NamedValue): TextValue['producer'] {
    const start = definition?.start ?? -1;
    // The last node that begins before the name: its label may come first.
    const node = text.nodes[countWhile(text.nodes.length, (index) => (text.nodes[index]?.start ?? Infinity) <= start) - 1]?.node;
    return node === undefined ? undefined : { op: node.domain === '' ? node.opType : `${node.domain}.${node.opType}`, name: node.name };
  }

  private get({ uri, version }: TextVersion): Entry {
    const entry = this.entries.get(uri);
    if (entry?.version !== version) throw new LatheError('not-found', 'This version of the text was not read.', { item: uri });
    return entry;
  }
}

/** Types inferred at no bindings, so that open dimensions stay symbols; undefined where the text is no model. */
function typesOf(entry: Entry): TypeInference | undefined {
  if (entry.types === undefined && entry.text.model !== undefined) entry.types = inferTypes(entry.text.model);
  return entry.types;
}

/** A type as in the text, but with dimensions as they are: nothing takes a hint for part of it. */
function hintText(type: ValueType): string {
  if (type.kind !== 'tensor' || type.shape === undefined || type.shape.length === 0) return visible(syntaxOf(type));
  return visible(`${elementText(type.elementType)}[${type.shape.map((dim) => (dim === undefined ? '?' : typeof dim === 'number' ? String(dim) : dim.text)).join(',')}]`);
}
