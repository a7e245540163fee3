// How many nodes a model comes to once its functions are inlined: known before the work, which may grow without end.
import type { FunctionTable } from '../../analysis/functions';
import type { FunctionBody, Node } from '../../graph/model';
import { subgraphs } from '../../graph/traverse';

/** Nodes that the given ones come to, those of subgraphs included; infinite where a function calls itself. */
export function inlinedSize(nodes: readonly Node[], functions: FunctionTable, isWanted: (body: FunctionBody) => boolean): number {
  const sizes = new Map<FunctionBody, number>();
  const callsOf = (inner: readonly Node[]): { own: number; calls: FunctionBody[] } => {
    let own = 0;
    const calls: FunctionBody[] = [];
    const visit = (list: readonly Node[]): void => {
      for (const node of list) {
        own++;
        const body = functions.calledBy(node);
        if (body !== undefined && isWanted(body)) calls.push(body);
        for (const { graph } of subgraphs(node)) visit(graph.nodes);
      }
    };
    visit(inner);
    return { own, calls };
  };
  const sum = (own: number, calls: readonly FunctionBody[]): number => calls.reduce((total, body) => total + (sizes.get(body) ?? Infinity), own);
  const top = callsOf(nodes);
  // Depth first without recursion: calls may nest as deep as there are functions.
  const path: { readonly body: FunctionBody; readonly own: number; readonly calls: FunctionBody[]; next: number }[] = [];
  const onPath = new Set<FunctionBody>();
  const open = (body: FunctionBody): void => {
    if (sizes.has(body) || onPath.has(body)) return;
    onPath.add(body);
    path.push({ body, ...callsOf(body.nodes), next: 0 });
  };
  for (const called of top.calls) {
    open(called);
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const next = at.calls[at.next++];
      if (next !== undefined) open(next);
      else {
        sizes.set(at.body, sum(at.own, at.calls));
        onPath.delete(at.body);
        path.pop();
      }
    }
  }
  return sum(top.own, top.calls);
}
