// What every part of the parser is handed: the words, the marks made of them, and where references lead.
import type { Graph, Node } from '../../graph/model';
import { TextError, Scanner } from './scanner';
import { type MarkKind, Marks } from './marks';
import type { AnyTensor } from '../weightFiles';
import type { ReferenceEntries, SourceModel, WantedTensor } from './references';

/** Finds a tensor that the text only refers to; undefined where there is none. @throws LatheError for a place that is out of bounds. */
export type ResolveTensor = (entries: ReferenceEntries, wanted: WantedTensor) => AnyTensor | undefined;

export interface PlacedNode {
  readonly node: Node;
  readonly start: number;
  /** Behind its inputs. */
  readonly end: number;
  /** Behind all of it: attributes may follow the inputs. */
  readonly whole: number;
  /** Index of the mark that names its operator. */
  readonly operator: number;
  /** The graph or function body it stands in. */
  readonly scope: number;
}

/** Graphs and types within each other. A model file may have 33; nothing real has more than a handful. */
const maxDepth = 100;

export class ParseContext {
  readonly scan: Scanner;
  readonly marks = new Marks();
  readonly nodes: PlacedNode[] = [];
  /** The graph of each scope that is one. */
  readonly graphs = new Map<number, Graph>();
  /** What is wrong and was read over. */
  readonly problems: TextError[] = [];
  private depth = 0;

  constructor(
    text: string,
    readonly source: SourceModel | undefined,
    readonly resolve: ResolveTensor,
    /** Handed down, since attributes hold graphs and graphs hold attributes. */
    readonly parseGraph: (context: ParseContext, name: string, start: number) => Graph,
  ) {
    this.scan = new Scanner(text, source?.restore);
  }

  /** Where reading stands among graphs, to go back to where what follows cannot be read. */
  position(): { readonly scope: number; readonly depth: number } {
    return { scope: this.marks.scope, depth: this.depth };
  }

  restore({ depth }: { readonly depth: number }): void {
    this.depth = depth;
  }

  /** Runs `work` one level deeper. @throws TextError where that is too deep. */
  nested<T>(work: () => T): T {
    const { at } = this.scan;
    if (++this.depth > maxDepth) throw new TextError(`Graphs or types are nested over ${maxDepth} deep.`, at, at + 1);
    const result = work();
    this.depth--;
    return result;
  }

  /** Takes a name and marks it. @throws TextError where there is none. */
  name(kind: MarkKind, what: string): string {
    const { scan } = this;
    scan.peek();
    const start = scan.at;
    const name = scan.expectName(what);
    this.marks.add(kind, start, scan.at);
    return name;
  }

  /** Takes a name where there is one and marks it. */
  optionalName(kind: MarkKind): string | undefined {
    const { scan } = this;
    scan.peek();
    const start = scan.at;
    const name = scan.name();
    if (name !== undefined && name !== '') this.marks.add(kind, start, scan.at);
    return name;
  }
}
