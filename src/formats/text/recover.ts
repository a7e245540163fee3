// Where reading goes on after what could not be read, so that all that is wrong with a text is said at once.
import type { ParseContext } from './context';
import { type Scanner, TextError } from './scanner';
import { isTypeName } from './syntax';

/** More would be scrolled past, and each reads on. */
const toldAtMost = 100;

/** What begins a line at which reading may go on. */
type Begins = (scan: Scanner) => boolean;

/**
 * Runs `work`; where the text is not as it should be, keeps what is wrong and moves to where reading can go on: the next
 * line that begins as told, or the bracket that closes what is being read. False where something was wrong.
 * @throws TextError where there is no such place, or too much is wrong already.
 */
export function recovering(context: ParseContext, begins: Begins, close: '}' | '>', work: () => void): boolean {
  const { scan, marks, problems } = context;
  scan.peek();
  const start = scan.at;
  const position = context.position();
  try {
    work();
    return true;
  } catch (thrown) {
    if (!(thrown instanceof TextError) || problems.length >= toldAtMost - 1) throw thrown;
    const next = goOn(scan, Math.max(thrown.start, start), start, begins, close);
    if (next === undefined) throw thrown;
    problems.push(thrown);
    context.restore(position);
    scan.at = next;
    marks.closeInner(position.scope, next);
    return false;
  }
}

/** The first place from `from` on where reading can go on; behind `start`, so that something is skipped each time. */
function goOn(scan: Scanner, from: number, start: number, begins: Begins, close: '}' | '>'): number | undefined {
  const { text } = scan;
  let depth = 0;
  let lineStart = beginsLine(text, from);
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\n' || char === '\r') {
      lineStart = true;
      continue;
    }
    if (char === ' ' || char === '\t') continue;
    if (lineStart && depth === 0 && at > start && beginsAt(scan, at, begins)) return at;
    lineStart = false;
    if (char === '#') at = endOfLine(text, at) - 1;
    else if (char === '"') at = endOfString(text, at);
    else if (char === '=' && text.charAt(at + 1) === '>') at++;
    else if (char === close && depth === 0) return at > start ? at : undefined;
    else if (char === '{' || (close === '>' && char === '<')) depth++;
    else if (depth > 0 && (char === '}' || (close === '>' && char === '>'))) depth--;
  }
  return undefined;
}

function beginsLine(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charAt(before) === ' ' || text.charAt(before) === '\t') before--;
  return before < 0 || text.charAt(before) === '\n' || text.charAt(before) === '\r';
}

function beginsAt(scan: Scanner, at: number, begins: Begins): boolean {
  const before = scan.at;
  scan.at = at;
  try {
    return begins(scan);
  } catch {
    return false;
  } finally {
    scan.at = before;
  }
}

/** `[label] a, b = Operator`, also without outputs. An attribute on a line of its own has a colon or a value behind its name. */
export function beginsNode(scan: Scanner): boolean {
  if (scan.accept('[')) {
    scan.name();
    if (!scan.accept(']')) return false;
  }
  do scan.name();
  while (scan.accept(','));
  return scan.accept('=') && !scan.sees('>') && scan.name() !== undefined;
}

/** A type: that of the next tensor or value. */
export function beginsDeclared(scan: Scanner): boolean {
  const word = scan.word();
  return word !== undefined && isTypeName(word);
}

function endOfLine(text: string, at: number): number {
  const found = /[\r\n]/g;
  found.lastIndex = at;
  return found.exec(text)?.index ?? text.length;
}

/** The last character of a string; the line's where it is not closed on it. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\') i++;
    else if (char === '"') return i;
    else if (char === '\n' || char === '\r') return i - 1;
  }
  return text.length;
}
