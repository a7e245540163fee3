// The operators that a text names: which set and version they are of there, and what is known of them.
import type { Words } from '../formats/text/words';
import { nameAt } from '../formats/text/read';
import { type Signature, signatureOf } from '../operators/signature';
import { normalDomain } from '../graph/opsets';
import type { TextOperator } from '../protocol/engine';
import { operatorHelp } from './operatorHelp';
import { bracketsAround, type Call, calledBy, commasBetween } from './textPlace';

const importList = /opset_import\s{0,9}:\s{0,9}\[([^\]]{0,10000})\]/;
/** A header that is longer says its operator sets before this. */
const headerLength = 100_000;

/** The operator sets that hold at an offset: those of the function around it, else the model's. */
export function importsAt({ text }: Words, offset: number): ReadonlyMap<string, number> {
  const body = text.marks.scopes.find(({ kind, start, end }) => kind === 'function' && start <= offset && offset <= end);
  return (body === undefined ? undefined : importsIn(text.text.slice(body.start, body.start + headerLength))) ?? importsIn(text.text.slice(0, headerLength)) ?? new Map<string, number>();
}

function importsIn(header: string): ReadonlyMap<string, number> | undefined {
  const list = importList.exec(header)?.[1];
  if (list === undefined) return undefined;
  return new Map(Array.from(list.matchAll(/"([^"]*)"\s{0,9}:\s{0,9}(\d+)/g), ([, domain = '', version]) => [normalDomain(domain), Number(version)]));
}

/** Domain and name of an operator as a text writes it: `com.microsoft.Gelu`, `"my.own".Op`. */
export function splitOperator(shown: string): { readonly domain: string; readonly op: string } {
  const parts = shown.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? [];
  const names = parts.map((part) => nameAt(part, 0, part.length));
  return { domain: normalDomain(names.slice(0, -1).join('.')), op: names.at(-1) ?? '' };
}

/** How an operator of a text is called; undefined where that is not known, or the model has a function of that name. */
export function signatureAt(words: Words, shown: string, offset: number): Signature | undefined {
  const { domain, op } = splitOperator(shown);
  const own = domain === '' ? op : `${domain}.${op}`;
  if (words.text.marks.scopes.some(({ kind, base }) => kind === 'function' && base === own)) return undefined;
  const version = importsAt(words, offset).get(domain);
  return version === undefined ? undefined : signatureOf(domain, op, version);
}

export function operatorNamed(words: Words, offset: number): TextOperator | null {
  const mark = words.markAt(offset)?.mark;
  if (mark?.kind !== 'operator') return null;
  const signature = signatureAt(words, words.text.text.slice(mark.start, mark.end), mark.start);
  return signature === undefined ? null : { ...shownOf(signature), range: words.range(mark) };
}

/** The call in whose inputs an offset is. */
export function operatorCalled(words: Words, offset: number): TextOperator | null {
  const { text, lines } = words.text;
  const [bracket] = bracketsAround(text, lines, words.range({ start: offset, end: offset }).line, offset, 1);
  const call: Call | undefined = bracket?.bracket === '(' ? calledBy(text, bracket) : undefined;
  const signature = call === undefined ? undefined : signatureAt(words, call.operator, offset);
  if (signature === undefined || bracket === undefined) return null;
  const help = operatorHelp(signature);
  const commas = commasBetween(text, bracket.offset, offset);
  return { ...shownOf(signature), active: help.variadic ? Math.min(commas, help.inputs.length - 1) : commas };
}

function shownOf(signature: Signature): Pick<TextOperator, 'label' | 'documentation' | 'inputs'> {
  const { label, documentation, inputs } = operatorHelp(signature);
  return { label, documentation, inputs };
}
