// Where in a text a place is: between which brackets, of which call. The text around it may be half typed, so brackets are counted back from the place, line by line.
const stringPattern = /"(?:[^"\\\r\n]|\\.)*"?/g;
/** A bracket that encloses more lines than this is that of a graph. */
const linesBack = 300;
/** A list of attributes is looked through this far for names that stand in it already. */
const lookedAhead = 20_000;

/** An opening bracket that is not closed before a place. */
export interface Bracket {
  readonly bracket: '<' | '(' | '[' | '{';
  readonly offset: number;
  /** What stands before it on its line; strings keep their length, but say nothing. */
  readonly before: string;
}

const opening = '<([{';
const closing = '>)]}';

/** Text with what strings and comments say blanked out, each character in its place. */
export function blanked(text: string): string {
  const strings = text.replace(stringPattern, (string) => (string.length < 2 ? string : `"${'_'.repeat(string.length - 2)}${string.endsWith('"') ? '"' : '_'}`));
  const comment = strings.indexOf('#');
  return comment === -1 ? strings : strings.slice(0, comment) + ' '.repeat(strings.length - comment);
}

/** The brackets around an offset, innermost first, at most `wanted` of them. */
export function bracketsAround(text: string, lines: readonly number[], line: number, offset: number, wanted = 2): Bracket[] {
  const found: Bracket[] = [];
  let closed = 0;
  for (let at = line; at >= 0 && at > line - linesBack && found.length < wanted; at--) {
    const start = lines[at] ?? 0;
    const shown = blanked(text.slice(start, at === line ? offset : lines[at + 1]));
    for (let i = shown.length - 1; i >= 0 && found.length < wanted; i--) {
      const char = shown.charAt(i);
      if (char === '>' && shown.charAt(i - 1) === '=') continue; // the arrow of a graph
      if (closing.includes(char)) closed++;
      else if (opening.includes(char)) {
        if (closed > 0) closed--;
        else found.push({ bracket: char as Bracket['bracket'], offset: start + i, before: shown.slice(0, i) });
      }
    }
  }
  return found;
}

const name = String.raw`(?:[A-Za-z_]\w*|"[^"]*")`;
const operator = String.raw`=\s{0,9}(${name}(?:\.${name}){0,20})(?::${name})?\s{0,9}`;
const attributesOf = new RegExp(String.raw`${operator}(?:\([^()]*\)\s{0,9})?$`);
const inputsOf = new RegExp(String.raw`${operator}(?:<[^<>]*>\s{0,9})?$`);

/** A call, by where its operator and the equals sign before that stand. */
export interface Call {
  readonly operator: string;
  readonly equals: number;
}

/** The call whose attributes (`<`) or inputs (`(`) a bracket holds; undefined where it is another bracket. */
export function calledBy(text: string, { bracket, offset, before }: Bracket): Call | undefined {
  const match = bracket === '<' ? attributesOf.exec(before) : bracket === '(' ? inputsOf.exec(before) : null;
  const word = match?.[1];
  if (match === null || word === undefined) return undefined;
  const equals = offset - before.length + match.index;
  const start = equals + match[0].indexOf(word);
  return { operator: text.slice(start, start + word.length), equals };
}

/** The names of attributes in a list whose `<` is at an offset. */
export function namesIn(text: string, offset: number): Set<string> {
  const shown = text
    .slice(offset + 1, offset + lookedAhead)
    .split('\n')
    .map(blanked)
    .join('\n');
  const names = new Set<string>();
  let depth = 0;
  for (const [token, word] of shown.matchAll(/=>|[<([{>)\]}]|([A-Za-z_]\w*)\s{0,9}(?=[:=])/g)) {
    if (token === '=>') continue;
    if (word !== undefined) {
      if (depth === 0) names.add(word);
    } else if (opening.includes(token)) depth++;
    else if (--depth < 0) break;
  }
  return names;
}

/** How many commas part an offset from the bracket around it. */
export function commasBetween(text: string, from: number, to: number): number {
  let depth = 0;
  let commas = 0;
  for (const line of text.slice(from + 1, to).split('\n')) {
    for (const char of blanked(line)) {
      if (char === ',' && depth === 0) commas++;
      else if (opening.includes(char)) depth++;
      else if (closing.includes(char)) depth--;
    }
  }
  return commas;
}
