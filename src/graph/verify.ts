// Checks the rules of the IR: single assignment, no dangling value, no cycle, no recursive function, opsets imported.
// Source: ONNX IR specification, "Graphs", "Names within a graph", "Functions". Legality is checked after every rewrite.
import { LatheError } from '../base/errors';
import { findCycle } from './cycle';
import { checkFunctions } from './verifyFunctions';
import type { Graph, Model, ModelWarning, Node } from './model';
import { unrunnableOpset } from './opsets';
import type { Problem, ProblemCode, Report } from './problem';
import { closesLoop, subgraphs } from './traverse';

export type { Problem, ProblemCode } from './problem';

/** Every broken rule, errors and warnings, in file order. */
export function verifyModel(model: Model): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  checkOpsets(model, report);
  new ScopeChecker(report, undefined).graph(model.graph, 'graph');
  checkFunctions(model, report, (body, where) => {
    new ScopeChecker(report, new Set([...body.attributes, ...body.attributeDefaults.keys()])).body(body.inputs, body.nodes, body.outputs, where);
  });
  return problems;
}

/** @throws LatheError `invalid-model` with the first error. */
export function assertValid(model: Model): void {
  const error = verifyModel(model).find(({ severity }) => severity === 'error');
  if (error !== undefined) throw new LatheError('invalid-model', error.message, { item: error.item, ...(model.path === undefined ? {} : { file: model.path }) });
}

/** The warnings among the problems, in the form a model carries them. */
export function warningsOf(problems: readonly Problem[]): ModelWarning[] {
  return problems.filter(({ severity }) => severity === 'warning').map(({ code, message, item }) => ({ code, message, item }));
}

function checkOpsets(model: Model, report: Report): void {
  const unrunnable = unrunnableOpset(model);
  if (unrunnable !== undefined) report({ code: unrunnable.code, severity: 'warning', message: `${unrunnable.reason}: it can be viewed, not run.`, item: domainName('') });
  if (unrunnable?.code === 'no-opset') return; // said once for all operators
  const known = new Set([...model.opsetImports.keys(), ...model.functions.map(({ domain }) => domain)]);
  const missing = new Set<string>();
  const visit = (graph: Graph): void => {
    for (const node of graph.nodes) {
      if (!known.has(node.domain) && !missing.has(node.domain)) {
        missing.add(node.domain);
        report({ code: 'no-opset', severity: 'warning', message: `The model uses operators of ${domainName(node.domain)}, but does not import that operator set: it can be viewed, but a runtime may refuse it.`, item: nodeLabel(node) });
      }
      for (const inner of subgraphs(node)) visit(inner.graph);
    }
  };
  visit(model.graph);
}

function domainName(domain: string): string {
  return domain === '' ? 'ai.onnx' : `"${domain}"`;
}

/** How a node is called in messages: its name, else what it makes. */
export function nodeLabel(node: Node): string {
  if (node.name !== '') return node.name;
  const output = node.outputs.find((name) => name !== '');
  return output === undefined ? node.opType || 'a node' : `${node.opType} → ${output}`;
}

/** A graph or body being walked. */
interface Scope {
  /** Names given so far. */
  readonly declared: Set<string>;
  readonly nodes: readonly Node[];
  /** The node that is being looked at, with its subgraphs. */
  current: Node | undefined;
  /** Who makes what of the scope's values; computed when a name is first missed. */
  made?: ReadonlyMap<string, Node>;
  /** First node that reads, itself or in a subgraph, what is made only later. */
  unsorted?: Node;
}

/** Walks a graph with the names visible at each node. */
class ScopeChecker {
  /** The enclosing scopes, innermost last. */
  private readonly scopes: Scope[] = [];
  private readonly nodeNames = new Set<string>();

  constructor(
    private readonly report: Report,
    /** Attributes of the enclosing function that may be referred to; undefined outside functions. */
    private readonly attributes: ReadonlySet<string> | undefined,
  ) {}

  graph(graph: Graph, where: string): void {
    const declared = new Set<string>();
    for (const { name } of graph.inputs) this.declare(declared, name, `Two inputs of ${where} have the name`, where);
    for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) {
      if (name === '') this.error('unnamed', `An initializer of ${where} has no name.`, where);
      declared.add(name); // an input of the same name gives the initializer as its default
    }
    this.nodes(graph.nodes, declared, where);
    for (const { name } of graph.outputs)
      if (!declared.has(name)) {
        // A subgraph may hand out a value of the outer scope; onnxruntime wants an Identity there, but the rule is ONNX's.
        if (this.visible(name) || this.madeLater(name)) continue;
        this.error('dangling-output', `The output "${name}" of ${where} is made by no node.`, name);
      }
  }

  body(inputs: readonly string[], nodes: readonly Node[], outputs: readonly string[], where: string): void {
    const declared = new Set<string>();
    for (const name of inputs) this.declare(declared, name, `Two inputs of ${where} have the name`, where);
    this.nodes(nodes, declared, where);
    for (const name of outputs) if (!declared.has(name)) this.error('dangling-output', `The output "${name}" of ${where} is made by no node.`, name);
  }

  /** Checks the nodes in order, adding what they make to `declared`. */
  private nodes(nodes: readonly Node[], declared: Set<string>, where: string): void {
    const scope: Scope = { declared, nodes, current: undefined };
    this.scopes.push(scope);
    for (const node of nodes) {
      scope.current = node;
      if (node.opType === '') this.error('unnamed', `A node of ${where} has no operator.`, nodeLabel(node));
      if (node.name !== '') {
        if (this.nodeNames.has(node.name)) this.warning('duplicate-node-name', `Two nodes have the name "${node.name}".`, node.name);
        this.nodeNames.add(node.name);
      }
      for (const name of node.inputs) if (name !== '' && !this.visible(name) && !this.madeLater(name)) this.dangling(node, name, where);
      this.attributesOf(node, where);
      for (const inner of subgraphs(node)) this.graph(inner.graph, `${inner.attribute} of ${nodeLabel(node)}`);
      for (const name of node.outputs) {
        if (name === '') continue;
        if (!declared.has(name)) {
          if (this.scopes.length > 1 && this.visible(name)) this.warning('shadowed-name', `The value "${name}" of ${where} hides one of the same name outside.`, name);
          declared.add(name);
        } else this.error('duplicate-name', `Two values of ${where} have the name "${name}": ${nodeLabel(node)} makes one of them.`, name);
      }
    }
    this.scopes.pop();
    if (scope.unsorted !== undefined) this.cycleOrOrder(nodes, scope.unsorted, where);
  }

  private cycleOrOrder(nodes: readonly Node[], unsorted: Node, where: string): void {
    const cycle = findCycle(nodes);
    if (cycle === undefined) this.warning('not-sorted', `The nodes of ${where} are not in order: ${nodeLabel(unsorted)} comes before a node it needs.`, nodeLabel(unsorted));
    else this.error('cycle', `The nodes of ${where} form a cycle: ${cycle.map(nodeLabel).join(' → ')}.`, nodeLabel(cycle[0] ?? unsorted));
  }

  private dangling(node: Node, name: string, where: string): void {
    this.error('dangling-input', `${nodeLabel(node)} in ${where} reads "${name}", which no node, input or initializer gives.`, name);
  }

  private attributesOf(node: Node, where: string): void {
    for (const [name, attribute] of node.attributes) {
      const { reference } = attribute;
      if (name === '') this.error('unnamed', `${nodeLabel(node)} in ${where} has an attribute without a name.`, nodeLabel(node));
      if (reference === undefined) continue;
      if (this.attributes === undefined) this.error('attribute-reference', `${nodeLabel(node)} refers to a function's attribute "${reference}" outside any function.`, nodeLabel(node));
      else if (!this.attributes.has(reference)) this.error('attribute-reference', `${nodeLabel(node)} in ${where} refers to the attribute "${reference}", which the function does not have.`, nodeLabel(node));
    }
  }

  private visible(name: string): boolean {
    for (let i = this.scopes.length - 1; i >= 0; i--) if (this.scopes[i]?.declared.has(name) === true) return true;
    return false;
  }

  /** True where a node that comes later, here or in an enclosing scope, makes the value. */
  private madeLater(name: string): boolean {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const scope = this.scopes[i];
      if (scope === undefined) continue;
      scope.made ??= new Map(scope.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
      const maker = scope.made.get(name);
      if (maker === undefined) continue;
      if (scope.current !== undefined && !closesLoop(maker)) scope.unsorted ??= scope.current;
      return true;
    }
    return false;
  }

  private declare(declared: Set<string>, name: string, what: string, where: string): void {
    if (name === '') this.error('unnamed', `An input of ${where} has no name.`, where);
    else if (declared.has(name)) this.error('duplicate-name', `${what} "${name}".`, name);
    declared.add(name);
  }

  private error(code: ProblemCode, message: string, item: string): void {
    this.report({ code, severity: 'error', message, item });
  }

  private warning(code: ProblemCode, message: string, item: string): void {
    this.report({ code, severity: 'warning', message, item });
  }
}
