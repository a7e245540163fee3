// What can stand at a place of a text that is being typed: operators behind `=`, values between parentheses, attributes and what they may be, types, dimensions, operator sets.
import type { Words } from '../formats/text/words';
import { defining } from '../formats/text/marks';
import { compoundTypes, elementText, identifier, isTypeName, qualified, quote, word } from '../formats/text/syntax';
import { type AttributeSpec, knownDomains, newestVersion, signaturesAt } from '../operators/signature';
import { latestOpset } from '../operators/table';
import type { TextCompletion, TextCompletions } from '../protocol/engine';
import { elementTypeCode, elementTypes } from '../tensor/elementType';
import { defaultText } from './attributeText';
import { attributeSummary, operatorHelp } from './operatorHelp';
import { importsAt, signatureAt } from './textOperators';
import { type Bracket, bracketsAround, type Call, calledBy, namesIn } from './textPlace';

const closedString = /"(?:[^"\\]|\\.)*"/g;
/** More would only be scrolled past; the rest comes as more is typed. */
const offeredAtMost = 200;
/** So much of a function's first line. */
const headShown = 200;

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
  const start = offset - typed.length;
  // Editors close a quote as it is typed.
  const range = words.range({ start, end: typed.startsWith('"') && text.charAt(offset) === '"' ? offset + 1 : offset });
  const wanted = typed.replace(/^"/, '').toLowerCase();
  const offered: TextCompletion[] = [];
  let complete = true;
  for (const each of candidates(words, context, offset, start)) {
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

function* candidates(words: Words, context: string, offset: number, start: number): Generator<TextCompletion> {
  const { text, lines, marks } = words.text;
  const [bracket, outer] = bracketsAround(text, lines, words.range({ start, end: start }).line, start);
  const call = bracket === undefined ? undefined : calledBy(text, bracket);
  const inAttributes = bracket?.bracket === '<' && call !== undefined;
  if (!inAttributes && context.endsWith('=') && (bracket === undefined || bracket.bracket === '{' || /^[^<(]*$/.test(context))) {
    yield* operators(words, offset);
    return;
  }
  if (bracket === undefined) return;
  const last = context.charAt(context.length - 1);
  const first = last === '' || last === ',' || last === bracket.bracket;
  if (bracket.bracket === '(' && first) yield* call === undefined ? types() : values(words, offset, nodeStart(text, bracket, call));
  else if (bracket.bracket === '<' && call !== undefined) yield* attributes(words, bracket, call, context, first, offset);
  else if (bracket.bracket === '<' && first && /\)\s{0,99}$/.test(text.slice(Math.max(0, bracket.offset - 100), bracket.offset))) yield* types();
  else if (bracket.bracket === '[' && /opset_import\s{0,9}:\s{0,9}$/.test(bracket.before)) yield* first ? domains(text.slice(bracket.offset, text.indexOf(']', bracket.offset))) : [];
  else if (bracket.bracket === '[' && outer?.bracket === '<') yield* first ? items(words, outer, bracket, offset) : [];
  else if (bracket.bracket === '[' && first && isTypeName(/\w+$/.exec(bracket.before)?.[0] ?? '')) {
    const seen = new Set<string>();
    for (const mark of marks.of('dimension')) {
      const name = words.name(mark);
      if (seen.has(name) || (mark.start <= offset && offset <= mark.end)) continue;
      seen.add(name);
      yield { kind: 'dimension', label: name, insert: word(name) };
    }
  }
}

/** Where the outputs of a call begin. */
function nodeStart(text: string, { offset, before }: Bracket, { equals }: Call): number {
  const line = offset - before.length;
  return line + runStart(text.slice(line, equals), (char) => !')>{'.includes(char));
}

/** Functions of the model, and the operators of the sets that hold at a place, called as their versions have it. */
function* operators(words: Words, offset: number): Generator<TextCompletion> {
  const { text } = words.text;
  for (const mark of words.text.marks.of('function')) {
    const name = words.name(mark);
    const { name: whole, base } = words.text.marks.scopes[mark.scope] ?? { name, base: name };
    const domain = base === name ? '' : base.slice(0, -name.length - 1);
    const label = `${qualified(domain, name)}${whole === base ? '' : `:${word(whole.slice(base.length + 1))}`}`;
    yield { kind: 'function', label, insert: label, detail: text.slice(mark.start, text.indexOf('\n', mark.end)).trim().slice(0, headShown) };
  }
  const known = [...signaturesAt(importsAt(words, offset))].map((signature) => ({ name: qualified(signature.domain, signature.op), signature }));
  for (const { name, signature } of known.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { label, documentation } = operatorHelp(signature);
    yield { kind: 'operator', label: name, insert: name, detail: label, documentation };
  }
}

/** Attributes that a call does not have yet, required ones first; behind an equals sign what the attribute may be. */
function* attributes(words: Words, bracket: Bracket, call: Call, context: string, first: boolean, offset: number): Generator<TextCompletion> {
  const signature = signatureAt(words, call.operator, offset);
  if (signature === undefined) return;
  const assigned = /([A-Za-z_]\w{0,200})\s{0,9}(?::\s{0,9}\w{0,50}\s{0,9})?=$/.exec(context)?.[1];
  if (assigned !== undefined) yield* valuesOf(signature.attributes.get(assigned), false);
  if (!first) return; // an equals sign is none
  const given = namesIn(words.text.text, bracket.offset);
  const specs = [...signature.attributes.values()].filter(({ name }) => !given.has(name));
  for (const spec of [...specs.filter(({ required }) => required), ...specs.filter(({ required }) => !required)])
    yield { kind: 'attribute', label: spec.name, insert: `${spec.name} = `, detail: attributeSummary(spec), more: true, ...(spec.values === undefined ? {} : { documentation: spec.values.map((value) => `\`${value}\``).join(', ') }) };
}

/** What may stand in the list that is the value of an attribute. */
function* items(words: Words, outer: Bracket, list: Bracket, offset: number): Generator<TextCompletion> {
  const call = calledBy(words.text.text, outer);
  const name = /([A-Za-z_]\w{0,200})\s{0,9}(?::\s{0,9}\w{0,50}\s{0,9})?=\s{0,9}$/.exec(list.before)?.[1];
  if (call !== undefined && name !== undefined) yield* valuesOf(signatureAt(words, call.operator, offset)?.attributes.get(name), true);
}

function* valuesOf(spec: AttributeSpec | undefined, inList: boolean): Generator<TextCompletion> {
  if (spec === undefined || inList !== spec.type.endsWith('s')) return;
  for (const value of spec.values ?? []) yield { kind: 'constant', label: value, insert: quote(value), ...(value === spec.default ? { detail: 'by default' } : {}) };
  if (spec.elementType) for (const type of elementTypes) yield { kind: 'constant', label: elementText(type), insert: String(elementTypeCode(type)), detail: String(elementTypeCode(type)) };
  const given = inList ? undefined : defaultText(spec);
  if (spec.values === undefined && !spec.elementType && given !== undefined) yield { kind: 'constant', label: given, insert: given, detail: 'by default' };
}

function* types(): Generator<TextCompletion> {
  for (const type of elementTypes) yield { kind: 'type', label: elementText(type), insert: elementText(type) };
  for (const type of compoundTypes) yield { kind: 'type', label: type, insert: type };
}

/** Domains that operators are known of, each with its newest version, but those that a list has. */
function* domains(list: string): Generator<TextCompletion> {
  for (const domain of knownDomains)
    if (!list.includes(quote(domain))) yield { kind: 'domain', label: domain === '' ? 'ai.onnx' : domain, insert: `${quote(domain)} : ${domain === '' ? latestOpset : newestVersion(domain)}` };
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
