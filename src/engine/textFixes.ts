// Changes to a text that mend what is wrong with it: a word changed to a close one, what is missing added, what is there for nothing removed.
import { closeWords } from '../base/editDistance';
import { FreeNames } from '../base/freeNames';
import type { PlacedNode } from '../formats/text/context';
import { defining, type Mark } from '../formats/text/marks';
import { identifier, qualified, quote, word } from '../formats/text/syntax';
import type { Words } from '../formats/text/words';
import { sortTopologically } from '../graph/rewriteOrder';
import { nodeReads } from '../graph/traverse';
import type { AttributeProblem } from '../operators/checkAttributes';
import { knownDomains, newestVersion } from '../operators/signature';
import { latestOpset } from '../operators/table';
import type { TextEdit, TextFix } from '../protocol/engine';
import { beginningText } from './attributeText';
import { blanked } from './textPlace';

export type Fix = Omit<TextFix, 'problem'>;

/** Words offered in place of one. */
const offeredAtMost = 3;
const valuePattern = /\s{0,99}(:\s{0,99}\w{1,50}\s{0,99})?=\s{0,99}("(?:[^"\\]|\\.)*"|[-+.\w]+)/y;
const importsEnd = /opset_import\s{0,9}:\s{0,9}\[[^\]]{0,10000}(?=\])/;

export class Fixes {
  constructor(private readonly words: Words) {}

  /** A value that nothing makes: each place that names it gets the name of one that is made in a graph around it. */
  undefinedValue(name: string): Fix[] {
    const { words } = this;
    // Elsewhere, as in a function, the same name may be that of a value that is there.
    const marks: Mark[] = [];
    for (const mark of words.naming()) if (!defining.has(mark.kind) && words.name(mark) === name && words.value(mark.start)?.definition === undefined) marks.push(mark);
    const around = new Map(marks.map((mark) => [mark, words.text.marks.around(mark.scope)]));
    const scopes = new Set([...around.values()].flat());
    const made = new Map<string, Set<number>>();
    for (const mark of words.naming()) {
      if (!defining.has(mark.kind) || !scopes.has(mark.scope)) continue;
      const known = made.get(words.name(mark));
      if (known === undefined) made.set(words.name(mark), new Set([mark.scope]));
      else known.add(mark.scope);
    }
    return closeWords(name, made.keys(), offeredAtMost).map((to) => this.change(marks.filter((mark) => around.get(mark)?.some((scope) => made.get(to)?.has(scope))), identifier(to)));
  }

  /** The later of two places that make a value of the same name. */
  secondDefinition(name: string): Mark | undefined {
    const first = new Map<number, Mark>();
    for (const mark of this.words.naming()) {
      if (!defining.has(mark.kind) || this.words.name(mark) !== name) continue;
      const before = first.get(mark.scope);
      if (before !== undefined && !(before.kind === 'input' && mark.kind === 'weight')) return mark;
      first.set(mark.scope, mark);
    }
    return undefined;
  }

  renameSecond(name: string): Fix[] {
    const mark = this.secondDefinition(name);
    if (mark === undefined) return [];
    const names = new FreeNames();
    for (const each of this.words.naming()) names.take(this.words.name(each));
    return [{ ...this.change([mark], identifier(names.fresh(name))), kind: 'rename' }];
  }

  /** Adds an operator set to those that the model imports. */
  importSet(domain: string | undefined): Fix[] {
    const match = importsEnd.exec(this.words.text.text.slice(0, 100_000));
    if (domain === undefined || match === null) return [];
    const version = domain === '' ? latestOpset : knownDomains.includes(domain) ? newestVersion(domain) : 1;
    // Behind the last entry; a comment may follow it.
    const entries = match[0].split('\n').map(blanked).join('\n').trimEnd();
    const at = match.index + entries.length;
    const entry = `${quote(domain)} : ${version}`;
    return [{ kind: 'import', to: entry, edits: [this.edit(at, at, `${entries.endsWith('[') ? '' : ', '}${entry}`)] }];
  }

  operator({ node }: PlacedNode, mark: Mark, known: Iterable<string>): Fix[] {
    return closeWords(node.opType, known, offeredAtMost).map((to) => this.change([mark], qualified(node.domain, to)));
  }

  /** The word that names an attribute of a node. */
  attributeMark({ operator, whole, scope }: PlacedNode, name: string): Mark | undefined {
    const { marks } = this.words.text;
    for (let i = operator + 1; ; i++) {
      const mark = marks.at(i);
      if (mark === undefined || mark.start >= whole) return undefined;
      if (mark.kind === 'attribute' && mark.scope === scope && this.words.name(mark) === name) return mark;
    }
  }

  attribute(placed: PlacedNode, { code, attribute, spec, signature }: AttributeProblem): Fix[] {
    const mark = this.attributeMark(placed, attribute);
    if (code === 'missing-attribute') return spec === undefined ? [] : [this.addAttribute(placed, `${word(attribute)} = ${beginningText(spec)}`)];
    if (mark === undefined) return [];
    if (code === 'unknown-attribute') {
      const free = [...signature.attributes.keys()].filter((name) => !placed.node.attributes.has(name));
      return closeWords(attribute, free, offeredAtMost).map((to) => this.change([mark], word(to)));
    }
    const value = this.valueAt(mark);
    if (value === undefined) return [];
    if (code === 'attribute-type') return spec?.type === 'float' && !value.isTyped && /^-?\d+$/.test(value.text) ? [this.change([value], `${value.text}.0`)] : [];
    return closeWords(value.text.replaceAll('"', ''), spec?.values ?? [], offeredAtMost).map((to) => this.change([value], quote(to)));
  }

  /** Takes a node out, with its line where it has one of its own. */
  remove({ start, whole }: PlacedNode): Fix {
    const { text } = this.words.text;
    const before = /[ \t]*$/.exec(text.slice(Math.max(0, start - 1000), start))?.[0].length ?? 0;
    const after = /^[ \t]*(?:\r\n|\n|\r)/.exec(text.slice(whole, whole + 1000))?.[0].length;
    const alone = after !== undefined && /[\r\n]/.test(text.charAt(start - before - 1));
    return { kind: 'remove', to: '', edits: [alone ? this.edit(start - before, whole + after, '') : this.edit(start, whole, '')] };
  }

  /** Puts the nodes of every graph in an order in which each comes behind what it reads. */
  sort(): Fix[] {
    const { text, nodes, graphs } = this.words.text;
    const edits: TextEdit[] = [];
    // Those within others stand in the text of these: only the outermost that is out of order is sorted at a time.
    let covered = -1;
    const byScope = new Map<number, PlacedNode[]>();
    for (const placed of nodes) {
      const list = byScope.get(placed.scope);
      if (list === undefined) byScope.set(placed.scope, [placed]);
      else list.push(placed);
    }
    for (const [scope, graph] of [...graphs].sort(([a], [b]) => a - b)) {
      const placed = byScope.get(scope) ?? [];
      if ((placed[0]?.start ?? -1) < covered) continue;
      const byNode = new Map(placed.map((each) => [each.node, each]));
      sortTopologically(graph.nodes, nodeReads).forEach((node, i) => {
        const to = byNode.get(node);
        const at = placed[i];
        if (to === undefined || at === undefined || to === at) return;
        edits.push(this.edit(at.start, at.whole, text.slice(to.start, to.whole)));
        covered = Math.max(covered, at.whole);
      });
    }
    return edits.length === 0 ? [] : [{ kind: 'sort', to: '', edits }];
  }

  private addAttribute(placed: PlacedNode, added: string): Fix {
    const { text, marks } = this.words.text;
    const after = marks.at(placed.operator)?.end ?? placed.start;
    const open = /^(?:\s{0,9}:\s{0,9}\w{1,200})?\s{0,99}</.exec(text.slice(after, after + 400))?.[0].length;
    const edit =
      open !== undefined ? this.edit(after + open, after + open, `${added}, `) : placed.node.attributes.size > 0 ? this.edit(placed.whole - 1, placed.whole - 1, `, ${added}`) : this.edit(after, after, ` <${added}>`);
    return { kind: 'add', to: added, edits: [edit] };
  }

  /** What stands behind an attribute's name where that is one word or string. */
  private valueAt({ end }: Mark): { readonly start: number; readonly end: number; readonly text: string; readonly isTyped: boolean } | undefined {
    valuePattern.lastIndex = end;
    const [, type, value] = valuePattern.exec(this.words.text.text) ?? [];
    return value === undefined ? undefined : { start: valuePattern.lastIndex - value.length, end: valuePattern.lastIndex, text: value, isTyped: type !== undefined };
  }

  private change(marks: readonly Pick<Mark, 'start' | 'end'>[], to: string): Fix {
    return { kind: 'change', to, edits: marks.map(({ start, end }) => this.edit(start, end, to)) };
  }

  private edit(start: number, end: number, text: string): TextEdit {
    return { range: this.words.range({ start, end }), text };
  }
}
