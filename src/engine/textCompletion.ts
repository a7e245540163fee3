// What can stand at a place of a text that is being typed: operators behind `=`, values between parentheses.
import type { Words } from '../formats/text/words';
import { defining } from '../formats/text/marks';
import { identifier, qualified } from '../formats/text/syntax';
import { operatorRows } from '../operators/table';
import type { OperatorRow, Parameter } from '../operators/row';
import type { TextCompletion, TextCompletions } from '../protocol/engine';

const closedString = /"(?:[^"\\]|\\.)*"/g;
/** More would only be scrolled past; the rest comes as more is typed. */
const offeredAtMost = 200;

/** What fits what was typed before an offset; the text behind it may not be readable yet. */
export function completeText(words: Words, offset: number): TextCompletions {
  const { text, lines } = words.text;
  const { line } = words.range({ start: offset, end: offset });
  const before = text.slice(lines[line] ?? 0, offset);
  const typed = typedAtEnd(before);
  // What names say is no syntax.
  const context = before
    .slice(0, before.length - typed.length)
    .replace(closedString, (string) => '_'.repeat(string.length))
    .trimEnd();
  const range = words.range({ start: offset - typed.length, end: offset });
  const wanted = typed.replace(/^"/, '').toLowerCase();
  const offered: TextCompletion[] = [];
  let complete = true;
  for (const each of candidates(words, context, lines[line] ?? 0, offset)) {
    if (!each.label.toLowerCase().includes(wanted)) continue;
    if (offered.length === offeredAtMost) {
      complete = false;
      break;
    }
    offered.push(each);
  }
  return { range, complete, items: offered };
}

/** The word, or the string that is still open, at the end of a line's beginning. */
function typedAtEnd(before: string): string {
  for (const [string, close] of before.matchAll(/"(?:[^"\\]|\\.)*("?)/g)) if (close === '') return string;
  let start = runStart(before, (char) => /[\w.]/.test(char));
  while (start < before.length && !/[A-Za-z_]/.test(before.charAt(start))) start++;
  return before.slice(start);
}

/** Where the run of such characters at the end begins. Walked from the end: a pattern would try each of them as the beginning. */
function runStart(text: string, belongs: (char: string) => boolean): number {
  let start = text.length;
  while (start > 0 && belongs(text.charAt(start - 1))) start--;
  return start;
}

function* candidates(words: Words, context: string, lineStart: number, offset: number): Generator<TextCompletion> {
  if (/^[^<(]*=$/.test(context)) yield* operators(words.text.text);
  else if (/[(,]$/.test(context) && context.includes('=') && context.lastIndexOf('(') > context.lastIndexOf(')')) yield* values(words, offset, lineStart + runStart(context.slice(0, context.lastIndexOf('=')), (char) => !')>{'.includes(char)));
}

/** The operators of the sets that the text imports, called as their versions have it. The table does not say in which version an operator came. */
function* operators(text: string): Generator<TextCompletion> {
  const imports = new Map<string, number>();
  const list = /opset_import\s*:\s*\[([^\]]*)\]/.exec(text)?.[1] ?? '';
  for (const [, domain = '', version] of list.matchAll(/"([^"]*)"\s*:\s*(\d+)/g)) imports.set(domain === 'ai.onnx' ? '' : domain, Number(version));
  const newest = new Map<string, OperatorRow>();
  for (const row of operatorRows) {
    const version = imports.get(row.domain);
    const name = qualified(row.domain, row.opType);
    if (version !== undefined && row.since <= version && row.since >= (newest.get(name)?.since ?? 0)) newest.set(name, row);
  }
  for (const [name, row] of [...newest].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield { kind: 'operator', label: name, insert: name, detail: `${row.outputs.map(parameterText).join(', ')} = ${name} (${row.inputs.map(parameterText).join(', ')})` };
}

function parameterText({ name, optional, variadic }: Parameter): string {
  return `${name}${variadic ? '…' : ''}${optional ? '?' : ''}`;
}

/** Values made before an offset in the graph it stands in and those around it, but not by the node that is being typed. */
function* values(words: Words, offset: number, nodeStart: number): Generator<TextCompletion> {
  const { marks } = words.text;
  const open = new Set(marks.scopes.flatMap(({ start, end }, scope) => (start <= offset && offset <= end ? [scope] : [])));
  const seen = new Set<string>();
  for (let i = marks.length - 1; i >= 0; i--) {
    const mark = marks.at(i); // the latest first: what was just made is what is read next
    if (mark === undefined || mark.end > nodeStart || !defining.has(mark.kind) || !open.has(mark.scope)) continue;
    const name = words.name(mark);
    if (name === '' || seen.has(name)) continue;
    seen.add(name);
    yield { kind: 'value', label: name, insert: identifier(name) };
  }
}
