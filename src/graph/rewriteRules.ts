// Rewrite rules as rows of a table, run from a worklist until none of them changes anything.
import { checkpoint } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { Node } from './model';
import { normalDomain } from './opsets';
import type { GraphEditor, ModelEditor } from './rewrite';

/** One rewrite: what it is called, which nodes it looks at, and the change it makes where its conditions hold. */
export interface RewriteRule<Context> {
  readonly id: string;
  /** Operators the rule looks at; `any` for every node of every domain. */
  readonly opTypes: readonly string[] | 'any';
  /** The domain of those operators; '' (ai.onnx) where not said. */
  readonly domain?: string;
  /** Changes the graph around `node` and says so, or leaves it alone. Must bring the graph nearer to an end: no rule may undo another's work. */
  readonly apply: (node: Node, scope: GraphEditor, context: Context) => boolean;
}

/** Steps per node after which the rules are taken to be undoing each other: a defect of ours. */
const stepsPerNode = 200;
const stepsBetweenCheckpoints = 4096;

/**
 * Runs rules until no node is left that one of them changes; a change puts the nodes around it back on the list.
 * @param onApplied told of each change
 * @throws LatheError `cancelled`; `internal` when the rules do not come to an end
 */
export async function runRules<Context>(
  editor: ModelEditor,
  rules: readonly RewriteRule<Context>[],
  context: Context,
  signal: AbortSignal,
  onApplied: (rule: RewriteRule<Context>) => void,
): Promise<void> {
  const byOperator = new Map<string, RewriteRule<Context>[]>();
  const rulesFor = (node: Node): readonly RewriteRule<Context>[] => {
    const domain = normalDomain(node.domain);
    const key = `${domain}\0${node.opType}`;
    let found = byOperator.get(key);
    if (found === undefined) {
      found = rules.filter((rule) => rule.opTypes === 'any' || ((rule.domain ?? '') === domain && rule.opTypes.includes(node.opType)));
      byOperator.set(key, found);
    }
    return found;
  };
  let list: Node[] = [];
  let next: Node[] = [];
  const waiting = new Set<Node>();
  editor.onTouch = (node) => {
    if (waiting.has(node)) return;
    waiting.add(node);
    next.push(node);
  };
  for (const scope of editor.allScopes()) for (const node of scope.nodes()) editor.onTouch(node);
  const limit = next.length * stepsPerNode + 10_000;
  for (let steps = 0; next.length > 0; ) {
    list = next;
    next = [];
    for (const node of list) {
      waiting.delete(node);
      if (++steps > limit) throw new LatheError('internal', 'The rewrite rules did not come to an end.', { item: node.name });
      if (steps % stepsBetweenCheckpoints === 0) await checkpoint(signal);
      applyFirst(node, rulesFor(node));
    }
  }
  editor.onTouch = () => undefined;

  function applyFirst(node: Node, candidates: readonly RewriteRule<Context>[]): void {
    for (const rule of candidates) {
      const scope = editor.scopeOf(node);
      if (scope === undefined) return;
      if (!rule.apply(node, scope, context)) continue;
      onApplied(rule);
      if (editor.scopeOf(node) !== undefined) editor.onTouch(node);
      return;
    }
  }
}
