// What is wrong with the model that a text says, at the words concerned: rules of graphs that are broken, shapes that contradict each other.
import type { TypeInference } from '../analysis/infer';
import type { Words } from '../formats/text/words';
import type { Model, Node } from '../graph/model';
import { nodeKeys } from '../graph/traverse';
import { nodeLabel, verifyModel } from '../graph/verify';
import type { TextProblem, TextRange } from '../protocol/engine';

/** An editor shows no more of them at a time. */
const shownAtMost = 200;

/** Problems of a text that could be read, in no order. */
export function checkText(model: Model, words: Words, types: TypeInference): TextProblem[] {
  const places = new Places(model, words);
  const broken = verifyModel(model).filter(({ severity }) => severity === 'error');
  const problems: TextProblem[] = broken.slice(0, shownAtMost).map(({ message, item }) => ({ message, range: places.named(item) }));
  for (const { node, message } of types.contradictions.slice(0, shownAtMost)) problems.push({ message, range: places.of(node) });
  return problems;
}

/** Where nodes and names stand. */
class Places {
  private readonly nodes = new Map<Node, TextRange>();
  private readonly names = new Map<string, TextRange>();

  constructor(
    model: Model,
    private readonly words: Words,
  ) {
    const { text } = words;
    const keys = nodeKeys(model.graph);
    for (const mark of words.naming()) this.put(words.name(mark), words.range(mark));
    for (const { node, start, end } of text.nodes) {
      const range = words.range({ start, end });
      this.nodes.set(node, range);
      for (const name of [keys.get(node) ?? '', nodeLabel(node)]) this.put(name, range);
    }
  }

  of(node: Node): TextRange {
    return this.nodes.get(node) ?? this.words.range({ start: 0, end: 0 });
  }

  /** The first line where nothing of this name stands in the text. */
  named(item: string): TextRange {
    return this.names.get(item) ?? this.words.range({ start: 0, end: 0 });
  }

  private put(name: string, range: TextRange): void {
    if (name !== '' && !this.names.has(name)) this.names.set(name, range);
  }
}
