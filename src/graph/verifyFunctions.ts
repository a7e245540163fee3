// Rules for model-local functions: each is defined once and none calls itself, directly or round about.
import type { FunctionBody, Model, Node } from './model';
import { functionKey } from './opsets';
import type { Report } from './problem';
import { subgraphs } from './traverse';

/** Checks every function; `checkBody` checks one body's values. */
export function checkFunctions(model: Model, report: Report, checkBody: (body: FunctionBody, where: string) => void): void {
  const byIdentity = new Map<string, FunctionBody>();
  for (const body of model.functions) {
    const id = functionKey(body.domain, body.name, body.overload);
    if (byIdentity.has(id)) report({ code: 'duplicate-name', severity: 'error', message: `Two functions are called ${label(body)}.`, item: body.name });
    byIdentity.set(id, body);
    checkBody(body, `function ${label(body)}`);
  }
  const calls = new Map<FunctionBody, FunctionBody[]>();
  for (const body of model.functions) calls.set(body, [...calledFunctions(body.nodes, byIdentity)]);
  const path = findRecursion(model.functions, calls);
  if (path !== undefined) report({ code: 'recursive-function', severity: 'error', message: `A function calls itself: ${path.map(label).join(' → ')}.`, item: path[0]?.name ?? '' });
}

function label(body: FunctionBody): string {
  return `${body.domain === '' ? '' : `${body.domain}.`}${body.name}${body.overload === '' ? '' : `:${body.overload}`}`;
}

/** Functions called by nodes, those in subgraphs included. */
function calledFunctions(nodes: readonly Node[], byIdentity: ReadonlyMap<string, FunctionBody>, into = new Set<FunctionBody>()): Set<FunctionBody> {
  for (const node of nodes) {
    const called = byIdentity.get(functionKey(node.domain, node.opType, node.overload));
    if (called !== undefined) into.add(called);
    for (const inner of subgraphs(node)) calledFunctions(inner.graph.nodes, byIdentity, into);
  }
  return into;
}

/** A chain of calls that comes back to its start; iterative depth-first search. */
function findRecursion(functions: readonly FunctionBody[], calls: ReadonlyMap<FunctionBody, readonly FunctionBody[]>): FunctionBody[] | undefined {
  const done = new Set<FunctionBody>();
  for (const start of functions) {
    const path: { readonly body: FunctionBody; next: number }[] = [{ body: start, next: 0 }];
    const onPath = new Set([start]);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const called = done.has(top.body) ? undefined : calls.get(top.body)?.[top.next++];
      if (called === undefined) {
        done.add(top.body);
        onPath.delete(top.body);
        path.pop();
      } else if (onPath.has(called)) return [...path.map(({ body }) => body).slice(path.findIndex(({ body }) => body === called)), called];
      else if (!done.has(called)) {
        onPath.add(called);
        path.push({ body: called, next: 0 });
      }
    }
  }
  return undefined;
}
