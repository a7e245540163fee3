// Which nodes of one model are which of another: by origin, name, the weights they hold, and where they stand.
import { GraphIndex, nodeKeys, walkNodes } from '../graph/traverse';
import type { NodeKey } from '../graph/traverse';
import type { Graph, Model, Node } from '../graph/model';
import { fingerprintTensor } from '../tensor/statistics';

/** Rounds in which neighbours are matched; nearly all are in the first. */
const maxRounds = 8;

/** How a pair was found, the surest first. */
export type MatchedBy = 'origin' | 'name' | 'weights' | 'structure';

export interface NodePair {
  readonly before: NodeKey;
  readonly after: NodeKey;
  readonly by: MatchedBy;
}

/** A node fused of several is in several pairs; so is one that became several. */
export interface ModelMatch {
  readonly pairs: readonly NodePair[];
  /** Keys of nodes that have no counterpart. */
  readonly onlyBefore: readonly NodeKey[];
  readonly onlyAfter: readonly NodeKey[];
}

/**
 * Matches the nodes of two models. The steps, each only among what is left: a node whose origin, written by a rewrite, names
 * nodes of the other; nodes of one name and operator; nodes of one operator that hold equal weights (by samples of these), where
 * they are unique in both; nodes of one operator at the same place beside a matched pair.
 * @throws LatheError when the weights of a model cannot be read
 */
export function matchModels(before: Model, after: Model): ModelMatch {
  return new Matcher(before, after).match();
}

class Matcher {
  private readonly pairs: NodePair[] = [];
  private readonly keysBefore: ReadonlyMap<Node, NodeKey>;
  private readonly keysAfter: ReadonlyMap<Node, NodeKey>;
  private readonly openBefore: Set<Node>;
  private readonly openAfter: Set<Node>;

  constructor(
    private readonly before: Model,
    private readonly after: Model,
  ) {
    this.keysBefore = nodeKeys(before.graph);
    this.keysAfter = nodeKeys(after.graph);
    this.openBefore = new Set(this.keysBefore.keys());
    this.openAfter = new Set(this.keysAfter.keys());
  }

  match(): ModelMatch {
    this.byOriginAndName();
    this.byWeights();
    this.byStructure();
    const left = (open: ReadonlySet<Node>, keys: ReadonlyMap<Node, NodeKey>): NodeKey[] => [...open].map((node) => keys.get(node) ?? node.name);
    return { pairs: this.pairs, onlyBefore: left(this.openBefore, this.keysBefore), onlyAfter: left(this.openAfter, this.keysAfter) };
  }

  private pair(before: Node, after: Node, by: MatchedBy): void {
    this.pairs.push({ before: this.keysBefore.get(before) ?? before.name, after: this.keysAfter.get(after) ?? after.name, by });
    this.openBefore.delete(before);
    this.openAfter.delete(after);
  }

  private byOriginAndName(): void {
    const byKey = new Map([...this.keysBefore].map(([node, key]) => [key, node]));
    for (const [node, key] of this.keysAfter) {
      for (const source of node.origin) {
        const found = byKey.get(source);
        if (found === undefined) continue;
        if (source !== key) this.pair(found, node, 'origin');
        // Exporters number their nodes: a name alone, of another operator, is chance.
        else if (found.opType === node.opType && found.domain === node.domain) this.pair(found, node, 'name');
      }
    }
  }

  private byWeights(): void {
    const before = held(this.before.graph, this.openBefore);
    const after = held(this.after.graph, this.openAfter);
    for (const [weights, nodes] of before) {
      const others = after.get(weights);
      const [node, other] = [nodes[0], others?.[0]];
      if (nodes.length === 1 && others?.length === 1 && node !== undefined && other !== undefined) this.pair(node, other, 'weights');
    }
  }

  /** Spreads from what is matched (at first the inputs and outputs of the models) to neighbours at the same place. */
  private byStructure(): void {
    const before = new GraphIndex(this.before.graph);
    const after = new GraphIndex(this.after.graph);
    const nodesBefore = new Map([...this.keysBefore].map(([node, key]) => [key, node]));
    const nodesAfter = new Map([...this.keysAfter].map(([node, key]) => [key, node]));
    const values: (readonly [string, string])[] = [];
    /** A value that many read, a shared constant, is looked at once. */
    const seen = new Set<string>();
    const both = (left: readonly string[], right: readonly string[]): void => {
      for (const [i, name] of left.entries()) {
        const other = right[i];
        if (other === undefined || name === '' || other === '') continue;
        const pair = JSON.stringify([name, other]);
        if (seen.has(pair)) continue;
        seen.add(pair);
        values.push([name, other]);
      }
    };
    const spread = (a: Node, b: Node): void => {
      if (a.opType === b.opType) both(a.inputs, b.inputs);
      both(a.outputs, b.outputs);
    };
    const namesOf = (ends: Graph['inputs']): string[] => ends.map(({ name }) => name);
    const found = (a: Node | undefined, b: Node | undefined): void => {
      if (a === undefined || b === undefined || !this.openBefore.has(a) || !this.openAfter.has(b) || !sameOperator(a, b)) return;
      this.pair(a, b, 'structure');
      spread(a, b);
    };
    // What was ambiguous in one round may be all that is left in the next.
    for (let round = 0, known = -1; round < maxRounds && known < this.pairs.length; round++) {
      known = this.pairs.length;
      seen.clear();
      both(namesOf(this.before.graph.inputs), namesOf(this.after.graph.inputs));
      both(namesOf(this.before.graph.outputs), namesOf(this.after.graph.outputs));
      for (const { before: a, after: b } of this.pairs) {
        const [left, right] = [nodesBefore.get(a), nodesAfter.get(b)];
        if (left !== undefined && right !== undefined) spread(left, right);
      }
      for (let next = values.pop(); next !== undefined; next = values.pop()) {
        const [a, b] = next;
        found(before.producer(a), after.producer(b));
        const readers = byOperator(before.consumersOf(a), this.openBefore);
        const others = byOperator(after.consumersOf(b), this.openAfter);
        for (const [operator, [reader, ...more]] of readers) {
          const alike = others.get(operator);
          if (more.length === 0 && alike?.length === 1) found(reader, alike[0]);
        }
      }
    }
  }
}

/** Those of the nodes that are still open, by operator. */
function byOperator(nodes: readonly Node[], open: ReadonlySet<Node>): Map<string, Node[]> {
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    if (!open.has(node)) continue;
    const operator = `${node.domain}.${node.opType}`;
    const group = groups.get(operator);
    if (group === undefined) groups.set(operator, [node]);
    else group.push(node);
  }
  return groups;
}

const sameOperator = (a: Node, b: Node): boolean => a.opType === b.opType && a.domain === b.domain;

/** Nodes by operator and the content of the initializers they read; those that read none are left out. */
function held(graph: Graph, among: ReadonlySet<Node>): Map<string, Node[]> {
  const hashes = new Map<string, string>();
  const byWeights = new Map<string, Node[]>();
  for (const { node, graph: scope } of walkNodes(graph)) {
    if (!among.has(node) || scope !== graph) continue;
    const weights = node.inputs.flatMap((name) => {
      const tensor = graph.initializers.get(name);
      if (tensor === undefined) return [];
      let hash = hashes.get(name);
      if (hash === undefined) hashes.set(name, (hash = fingerprintTensor(tensor)));
      return [hash];
    });
    if (weights.length === 0) continue;
    const key = [node.domain, node.opType, ...weights].join(' ');
    const nodes = byWeights.get(key);
    if (nodes === undefined) byWeights.set(key, [node]);
    else nodes.push(node);
  }
  return byWeights;
}
