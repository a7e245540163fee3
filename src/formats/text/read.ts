// Reads a model's text: the model, or what is wrong and where; and what an editor needs to know of its words.
import { countWhile } from '../../base/bisect';
import { LatheError } from '../../base/errors';
import { visible } from '../../base/visible';
import type { Graph, Model } from '../../graph/model';
import { nodeKeys } from '../../graph/traverse';
import type { TextDocument, TextProblem, TextRange } from '../../protocol/engine';
import { ParseContext, type PlacedNode, type ResolveTensor } from './context';
import type { Marks } from './marks';
import { parseGraph, parseModel } from './parse';
import { type ReferredModel, SourceModel } from './references';
import { TextError } from './scanner';

export interface ReadTextOptions {
  /** The model that the text was printed from: what the text refers to, or cuts, is taken from it. */
  readonly source?: Model;
  /** Other models that the text may refer to. */
  readonly others?: readonly ReferredModel[];
  /** Finds tensors that the source does not have; nothing is found where not said, and reading such weights then fails. */
  readonly resolve?: ResolveTensor;
}

/** A text that was read, as far as that went. */
export interface ModelText {
  readonly text: string;
  /** Offset of each line's first character. */
  readonly lines: readonly number[];
  /** Undefined where the text is not a model's. Its weights belong to the source: it outlives this one. */
  readonly model: Model | undefined;
  readonly problems: readonly TextProblem[];
  readonly marks: Marks;
  /** Nodes in the order of the text, those of functions included. */
  readonly nodes: readonly PlacedNode[];
  /** The graph of each scope that is one. */
  readonly graphs: ReadonlyMap<number, Graph>;
}

/** Reads a text; what is wrong with it is among the problems, and nothing is thrown for it. */
export function readModelText(text: string, options: ReadTextOptions = {}): ModelText {
  const models = [...(options.source === undefined ? [] : [{ model: options.source }]), ...(options.others ?? [])];
  const source = models.length === 0 ? undefined : new SourceModel(models);
  const context = new ParseContext(text, source, options.resolve ?? ((): undefined => undefined), parseGraph);
  const lines = lineStarts(text);
  const result = { text, lines, marks: context.marks, nodes: context.nodes, graphs: context.graphs };
  const wrong = (errors: readonly TextError[]): TextProblem[] => [...errors].sort((a, b) => a.start - b.start).map(({ message, start, end }) => ({ message, range: rangeOf(lines, start, end) }));
  try {
    const model = { ...parseModel(context), path: options.source?.path };
    return { ...result, model: context.problems.length === 0 ? model : undefined, problems: wrong(context.problems) };
  } catch (thrown) {
    if (!(thrown instanceof TextError)) throw thrown;
    return { ...result, model: undefined, problems: wrong([...context.problems, thrown]) };
  }
}

/**
 * The model of a text.
 * @throws LatheError `malformed`, whose item is the line and column (from 1) of what is wrong.
 */
export function parseModelText(text: string, options: ReadTextOptions = {}): Model {
  const { model, problems } = readModelText(text, options);
  if (model !== undefined) return model;
  const [problem] = problems;
  const { line, character } = problem?.range ?? { line: 0, character: 0 };
  throw new LatheError('malformed', problem?.message ?? 'The text is not a model.', { item: `line ${line + 1}, column ${character + 1}` });
}

/** Where everything stands that the editor shows at the lines of a text. */
export function textDocument({ text, lines, model, marks, nodes }: ModelText): TextDocument {
  const keys = model === undefined ? undefined : nodeKeys(model.graph);
  const placed = nodes.flatMap(({ node, start, end }) => {
    const key = keys?.get(node);
    const line = lineOf(lines, start);
    return key === undefined ? [] : [{ key, line, length: Math.min(end, endOfLine(text, lines, line)) - (lines[line] ?? 0) }];
  });
  const values: { name: string; line: number }[] = [];
  if (model !== undefined) {
    const top = marks.scopes.findIndex(({ parent, kind }) => parent === -1 && kind === 'graph');
    for (let i = 0; i < marks.length; i++) {
      const mark = marks.at(i);
      if (mark?.kind === 'operator') break; // inputs and initializers stand before the nodes
      if ((mark?.kind === 'input' || mark?.kind === 'weight') && mark.scope === top) values.push({ name: nameAt(text, mark.start, mark.end), line: lineOf(lines, mark.start) });
    }
  }
  const symbols = marks.scopes.map(({ name, kind, detail, parent, start, end }) => ({
    name: visible(name === '' ? 'graph' : name),
    detail,
    kind,
    parent,
    firstLine: lineOf(lines, start),
    lastLine: lineOf(lines, Math.max(start, end - 1)),
  }));
  return { text, nodes: placed, values, symbols };
}

/** The name that a mark stands for: as it is, or what a quoted string says. */
export function nameAt(text: string, start: number, end: number): string {
  const shown = text.slice(start, end);
  return shown.startsWith('"') ? shown.slice(1, -1).replace(/\\(?:u\{([0-9a-fA-F]{1,6})\}|([\s\S]))/g, (_, point: string | undefined, other: string) => (point === undefined ? other : String.fromCodePoint(Number.parseInt(point, 16)))) : shown;
}

/** Line breaks as editors see them. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (const { index, 0: found } of text.matchAll(/\r\n|\n|\r/g)) starts.push(index + found.length);
  return starts;
}

/** The line (from 0) of an offset. */
export function lineOf(lines: readonly number[], offset: number): number {
  return countWhile(lines.length, (line) => (lines[line] ?? Infinity) <= offset) - 1;
}

function endOfLine(text: string, lines: readonly number[], line: number): number {
  const next = lines[line + 1];
  if (next === undefined) return text.length;
  return text.startsWith('\r\n', next - 2) ? next - 2 : next - 1;
}

/** A range of offsets as lines and columns. */
export function rangeOf(lines: readonly number[], start: number, end: number): TextRange {
  const line = lineOf(lines, start);
  const endLine = lineOf(lines, end);
  return { line, character: start - (lines[line] ?? 0), endLine, endCharacter: end - (lines[endLine] ?? 0) };
}
