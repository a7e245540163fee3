// What is wrong with the model that a text says, at the words concerned: rules of graphs that are broken, shapes that contradict each other, attributes that do not fit.
import type { TypeInference } from '../analysis/infer';
import type { PlacedNode } from '../formats/text/context';
import type { Mark } from '../formats/text/marks';
import type { Words } from '../formats/text/words';
import type { Graph, Model, Node } from '../graph/model';
import { nodeKeys, nodeReads } from '../graph/traverse';
import { nodeLabel, type ProblemCode, verifyModel } from '../graph/verify';
import { attributeProblems } from '../operators/checkAttributes';
import { operatorNames, signatureOf } from '../operators/signature';
import { findOperator, opsetOf } from '../operators/table';
import type { TextProblem, TextRange } from '../protocol/engine';
import { type Fix, Fixes } from './textFixes';

/** An editor shows no more of them at a time. */
const shownAtMost = 200;

/** A problem with what mends it, worked out when it is asked for. */
export interface CheckedProblem {
  readonly problem: TextProblem;
  readonly fixes?: () => readonly Fix[];
}

/** Problems of a text that could be read, in no order. */
export function checkText(model: Model, words: Words, types: TypeInference): CheckedProblem[] {
  const places = new Places(model, words);
  const fixes = new Fixes(words);
  const at = (message: string, range: TextRange, severity?: TextProblem['severity'], mend?: () => readonly Fix[]): CheckedProblem => ({ problem: { message, range, ...(severity === undefined ? {} : { severity }) }, ...(mend === undefined ? {} : { fixes: mend }) });
  const problems: CheckedProblem[] = [];
  for (const problem of verifyModel(model).slice(0, shownAtMost)) {
    const severity = problem.severity === 'error' ? undefined : 'warning';
    const mark = problem.code === 'duplicate-name' ? fixes.secondDefinition(problem.item) : undefined;
    problems.push(at(problem.message, mark === undefined ? places.named(problem.item) : words.range(mark), severity, () => mending[problem.code]?.(fixes, problem.item, places) ?? []));
  }
  for (const { node, message } of types.contradictions.slice(0, shownAtMost)) problems.push(at(message, places.of(node)));
  let told = 0;
  for (const problem of attributeProblems(model)) {
    if (told++ === shownAtMost) break;
    const placed = places.placed(problem.node);
    const mark = placed === undefined ? undefined : (fixes.attributeMark(placed, problem.attribute) ?? words.text.marks.at(placed.operator));
    problems.push(at(problem.message, mark === undefined ? places.of(problem.node) : words.range(mark), 'warning', () => (placed === undefined ? [] : fixes.attribute(placed, problem))));
  }
  for (const { placed, mark, message } of unknownOperators(model, words).slice(0, shownAtMost)) problems.push(at(message, words.range(mark), 'warning', () => fixes.operator(placed, mark, operatorNames(placed.node.domain))));
  for (const placed of unusedNodes(words).slice(0, shownAtMost)) problems.push(at(`What ${nodeLabel(placed.node)} makes is read by nothing.`, words.range(placed), 'hint', () => [fixes.remove(placed)]));
  return problems;
}

/** What mends a broken rule, by the rule; of others nothing is known. */
const mending: Partial<Record<ProblemCode, (fixes: Fixes, item: string, places: Places) => readonly Fix[]>> = {
  'dangling-input': (fixes, item) => fixes.undefinedValue(item),
  'dangling-output': (fixes, item) => fixes.undefinedValue(item),
  'duplicate-name': (fixes, item) => fixes.renameSecond(item),
  'no-opset': (fixes, item, places) => fixes.importSet(places.domainOf(item)),
  'not-sorted': (fixes) => fixes.sort(),
};

/** Operators of ONNX's own sets that these do not have in the version imported. Of other sets the table has not all. */
function unknownOperators(model: Model, words: Words): { placed: PlacedNode; mark: Mark; message: string }[] {
  const functions = new Set(model.functions.map(({ domain, name }) => `${domain}\u0000${name}`));
  const found: { placed: PlacedNode; mark: Mark; message: string }[] = [];
  for (const placed of words.text.nodes) {
    const { domain, opType } = placed.node;
    if ((domain !== '' && domain !== 'ai.onnx.ml') || !model.opsetImports.has(domain) || functions.has(`${domain}\u0000${opType}`)) continue;
    const opset = opsetOf(placed.node, model.opsetImports);
    const mark = words.text.marks.at(placed.operator);
    if (mark === undefined || signatureOf(domain, opType, opset) !== undefined || findOperator(domain, opType, opset) !== undefined) continue;
    found.push({ placed, mark, message: `${domain === '' ? 'ai.onnx' : domain} has no operator "${opType}" in version ${opset}.` });
  }
  return found;
}

/** Nodes of graphs whose outputs nothing reads. A graph within another may hand out what is read outside it. */
function unusedNodes({ text }: Words): PlacedNode[] {
  const read = new Map<Graph, Set<string>>();
  for (const graph of text.graphs.values()) read.set(graph, new Set([...graph.outputs.map(({ name }) => name), ...graph.nodes.flatMap(nodeReads)]));
  return text.nodes.filter(({ node, scope }) => {
    const graph = text.graphs.get(scope);
    const names = graph === undefined ? undefined : read.get(graph);
    return names !== undefined && node.outputs.length > 0 && !node.outputs.some((name) => names.has(name));
  });
}

/** Where nodes and names stand. */
class Places {
  private readonly nodes = new Map<Node, PlacedNode>();
  private readonly labels = new Map<string, Node>();
  private readonly names = new Map<string, TextRange>();

  constructor(
    model: Model,
    private readonly words: Words,
  ) {
    const { text } = words;
    const keys = nodeKeys(model.graph);
    for (const mark of words.naming()) this.put(words.name(mark), words.range(mark));
    for (const placed of text.nodes) {
      const { node, start, end } = placed;
      this.nodes.set(node, placed);
      if (!this.labels.has(nodeLabel(node))) this.labels.set(nodeLabel(node), node);
      const range = words.range({ start, end });
      for (const name of [keys.get(node) ?? '', nodeLabel(node)]) this.put(name, range);
    }
  }

  placed(node: Node): PlacedNode | undefined {
    return this.nodes.get(node);
  }

  /** The operator set of the node called so. */
  domainOf(label: string): string | undefined {
    return this.labels.get(label)?.domain;
  }

  of(node: Node): TextRange {
    return this.words.range(this.nodes.get(node) ?? { start: 0, end: 0 });
  }

  /** The first line where nothing of this name stands in the text. */
  named(item: string): TextRange {
    return this.names.get(item) ?? this.words.range({ start: 0, end: 0 });
  }

  private put(name: string, range: TextRange): void {
    if (name !== '' && !this.names.has(name)) this.names.set(name, range);
  }
}
