// Inlining: calls of a model's own functions give way to the functions' bodies, as far as the operators there mean the same outside.
import { type CallSite, FunctionTable, functionLabel, instantiate } from '../../analysis/functions';
import { inferTypes, type TypeInference } from '../../analysis/infer';
import { LatheError } from '../../base/errors';
import type { FreeNames } from '../../base/freeNames';
import { cloneModel, makeGraph, makeNode } from '../../graph/construct';
import { inlineCall, type InlinedCall } from '../../graph/inlineCall';
import type { FunctionBody, Graph, Model, Node } from '../../graph/model';
import { takeNodes, takenNames } from '../../graph/takenNames';
import { nodeKeys, subgraphs, walkNodes } from '../../graph/traverse';
import { normalDomain } from '../../graph/opsets';
import { hasTrainingInfo } from '../simplify/rules/unused';
import { type ChangeCounts, raiseGraph } from '../simplify/raiseGraph';
import { inlinedSize } from './inlinedSize';

export interface InlineOptions {
  /** Says which functions give way; all where absent. */
  readonly wanted?: (body: FunctionBody) => boolean;
  /** What is known of the model as it was; worked out where it is needed and absent. */
  readonly types?: TypeInference;
  /** Operators that were raised to the model's opset are counted here. */
  readonly counts?: ChangeCounts;
}

/** A function, see `functionLabel`, and how many of its calls gave way. */
export interface FunctionReport {
  readonly function: string;
  readonly calls: number;
}

export interface InlineResult {
  readonly inlined: readonly FunctionReport[];
  /** Functions of which calls are left, and why. */
  readonly kept: readonly (FunctionReport & { readonly reason: string })[];
}

/** For each node that stands for a call in the model's graph: the call, of calls within each other the innermost. */
export type CallSites = ReadonlyMap<Node, CallSite>;

/** What calls of calls come to is bounded as what is read is: a model of a few bytes may ask for any number. */
const mostNodes = 1_000_000;
/** Subgraphs in subgraphs: protobuf's own limit of 100 messages lets so many be read again. */
const deepestSubgraph = 24;

/**
 * A copy of the model in which calls of its functions, wherever they stand, are replaced by the functions' bodies. Functions that
 * are not called any more go.
 * @throws LatheError `too-large` where the bodies come to more nodes than a model may have
 */
export function inlineFunctions(model: Model, options: InlineOptions = {}): InlineResult & { readonly model: Model; readonly sites: CallSites } {
  const copy = cloneModel(model);
  return { model: copy, ...inlineInPlace(copy, options) };
}

/** The same done to the model given. */
export function inlineInPlace(model: Model, options: InlineOptions = {}): InlineResult & { readonly sites: CallSites } {
  return model.functions.length === 0 ? { inlined: [], kept: [], sites: new Map() } : new Inliner(model, options).run();
}

/** Where calls are replaced: the model's graph, or the body of a function that stays. */
interface Host {
  readonly opsets: Map<string, number>;
  readonly body?: FunctionBody;
}

class Inliner {
  private readonly functions: FunctionTable;
  private readonly names: FreeNames;
  private readonly inlined = new Map<FunctionBody, number>();
  private readonly refused = new Map<FunctionBody, { calls: number; reason: string }>();
  private readonly types: TypeInference | undefined;
  private readonly sites = new Map<Node, CallSite>();
  private readonly keys: ReadonlyMap<Node, string>;

  constructor(
    private readonly model: Model,
    private readonly options: InlineOptions,
  ) {
    this.functions = new FunctionTable(model.functions);
    this.keys = nodeKeys(model.graph);
    this.names = takenNames(model.graph);
    for (const { nodes } of model.functions) takeNodes(nodes, this.names);
    const opset = versionOf(model.opsetImports, '');
    const differs = model.functions.some((body) => versionOf(body.opsetImports, '') !== opset);
    this.types = differs ? (options.types ?? inferTypes(model, { proven: true })) : undefined;
  }

  run(): InlineResult & { readonly sites: CallSites } {
    const { model } = this;
    this.expand(model.graph, { opsets: model.opsetImports });
    this.dropFunctions();
    const reportOf = (body: FunctionBody, calls: number): FunctionReport => ({ function: functionLabel(body), calls });
    return {
      inlined: [...this.inlined].map(([body, calls]) => reportOf(body, calls)),
      kept: [...this.refused].map(([body, { calls, reason }]) => ({ ...reportOf(body, calls), reason })),
      sites: this.sites,
    };
  }

  private isWanted(body: FunctionBody): boolean {
    return this.options.wanted?.(body) ?? true;
  }

  /** Replaces the calls in a graph and its subgraphs, those that come with the bodies too. */
  private expand(graph: Graph, host: Host, depth = 0): void {
    if (depth > deepestSubgraph) throw this.tooLarge('more subgraphs within each other than a file can hold');
    if (depth === 0 && inlinedSize(graph.nodes, this.functions, (body) => this.isWanted(body)) > mostNodes) throw this.tooLarge(`more than ${mostNodes} nodes`);
    const outputs = new Set(graph.outputs.map(({ name }) => name));
    const nodes: Node[] = [];
    const open = [...graph.nodes].reverse();
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const body = this.replaced(node, host);
      if (body === undefined) {
        for (const inner of subgraphs(node)) this.expand(inner.graph, host, depth + 1);
        nodes.push(node);
        continue;
      }
      for (const [name, tensor] of body.initializers) graph.initializers.set(name, tensor);
      for (const info of body.valueInfo) if (!outputs.has(info.name) && !graph.valueInfo.has(info.name)) graph.valueInfo.set(info.name, info);
      const site = this.siteOf(node, graph);
      for (const inner of [...body.nodes].reverse()) {
        if (site !== undefined && host.body === undefined) this.sites.set(inner, site);
        open.push(inner);
      }
    }
    graph.nodes = nodes;
  }

  private siteOf(call: Node, graph: Graph): CallSite | undefined {
    const body = this.functions.calledBy(call);
    return body === undefined ? undefined : { key: this.keys.get(call) ?? call.name, call, body, graph, outer: this.sites.get(call) };
  }

  private tooLarge(what: string): LatheError {
    return new LatheError('too-large', `The bodies of the model's functions come to ${what}.`, this.model.path === undefined ? {} : { file: this.model.path });
  }

  /** What stands for a node; undefined where it calls nothing, or a function that stays. */
  private replaced(call: Node, host: Host): InlinedCall | undefined {
    const body = this.functions.calledBy(call);
    if (body === undefined || !this.isWanted(body)) return undefined;
    try {
      const inlined = this.inline(call, body, host);
      this.inlined.set(body, (this.inlined.get(body) ?? 0) + 1);
      return inlined;
    } catch (thrown) {
      if (!(thrown instanceof LatheError) || thrown.code !== 'unsupported') throw thrown;
      this.refused.set(body, { calls: (this.refused.get(body)?.calls ?? 0) + 1, reason: thrown.message });
      return undefined;
    }
  }

  private inline(call: Node, body: FunctionBody, host: Host): InlinedCall {
    this.assertResolves(call, body, host);
    const graph = this.types?.bodyOf(call) ?? instantiate(body, call);
    const added = this.fitOpsets(graph, body, host);
    const inlined = inlineCall(call, graph, this.names);
    for (const [domain, version] of added) host.opsets.set(domain, version);
    return inlined;
  }

  /** Within a function, attributes of calls may refer to its own: then nothing may hang on what its caller gives. */
  private assertResolves(call: Node, body: FunctionBody, host: Host): void {
    if (host.body === undefined) return;
    for (const [name, { type, reference }] of call.attributes) {
      const lost = reference !== undefined && reference !== '' && body.attributeDefaults.has(name) && !host.body.attributeDefaults.has(reference);
      if (lost) throw unsupported(`${functionLabel(host.body)} hands on its attribute ${reference}, for which ${functionLabel(body)} has a default of its own.`, body);
      if (type === 'graph' || type === 'graphs') throw unsupported(`${functionLabel(host.body)} gives it a graph.`, body);
    }
  }

  /** Brings the body's operators to the versions of the host. @returns imports that the host is to get */
  private fitOpsets(graph: Graph, body: FunctionBody, host: Host): ReadonlyMap<string, number> {
    const added = new Map<string, number>();
    const domains = new Map<string, boolean>();
    for (const { node } of walkNodes(graph)) {
      const domain = normalDomain(node.domain);
      domains.set(domain, domains.get(domain) === true || this.functions.calledBy(node) === undefined);
    }
    for (const [domain, isOperators] of domains) {
      const [own, theirs] = [versionOf(body.opsetImports, domain), versionOf(host.opsets, domain)];
      if (own === undefined || own === theirs) continue;
      if (theirs === undefined) added.set(domain, own);
      else if (isOperators) this.convert(graph, body, domain, own, theirs);
    }
    return added;
  }

  private convert(graph: Graph, body: FunctionBody, domain: string, from: number, to: number): void {
    const versions = `It is written in version ${from} of ${domain === '' ? 'ai.onnx' : domain}, its calls stand in version ${to}`;
    if (domain !== '') throw unsupported(`${versions}.`, body);
    if (from > to) throw unsupported(`${versions}: raise the model to opset ${from} first.`, body);
    if (this.types === undefined) throw new LatheError('internal', 'The types of a model whose opsets differ are not known.');
    const counts: ChangeCounts = new Map();
    raiseGraph(graph, { from, to }, this.model, this.types, counts);
    for (const [row, nodes] of counts) this.options.counts?.set(row, (this.options.counts.get(row) ?? 0) + nodes);
  }

  /** Drops what was wanted and is called no more; in what stays, calls are replaced too. */
  private dropFunctions(): void {
    const { model } = this;
    if (hasTrainingInfo(model)) return;
    const staying = new Map<FunctionBody, FunctionBody>();
    const open = model.functions.filter((body) => !this.isWanted(body)).concat(this.calledIn(model.graph));
    for (let body = open.pop(); body !== undefined; body = open.pop()) {
      if (staying.has(body)) continue;
      const graph = makeGraph(body.name, { nodes: body.nodes, inputs: body.inputs.map((name) => ({ name })), outputs: body.outputs.map((name) => ({ name })), valueInfo: new Map(body.valueInfo.map((info) => [info.name, info])) });
      const opsets = new Map(body.opsetImports);
      this.expand(graph, { opsets, body });
      const constants = [...graph.initializers].map(([name, value]) => makeNode({ opType: 'Constant', inputs: [], outputs: [name], attributes: new Map([['value', { type: 'tensor', value }]]) }));
      staying.set(body, { ...body, nodes: [...constants, ...graph.nodes], opsetImports: opsets, valueInfo: [...graph.valueInfo.values()] });
      open.push(...this.calledIn(graph));
    }
    const domains = new Set(model.functions.filter((body) => !staying.has(body)).map(({ domain }) => normalDomain(domain)));
    model.functions = model.functions.flatMap((body) => staying.get(body) ?? []);
    this.dropImports(domains);
  }

  private calledIn(graph: Graph): FunctionBody[] {
    return [...new Set([...walkNodes(graph)].flatMap(({ node }) => this.functions.calledBy(node) ?? []))];
  }

  /** Domains of functions that went are imported no more where nothing else is of them. */
  private dropImports(domains: ReadonlySet<string>): void {
    const { model } = this;
    const used = new Set(['', ...model.functions.map(({ domain }) => normalDomain(domain))]);
    for (const { node } of walkNodes(model.graph)) used.add(normalDomain(node.domain));
    for (const domain of domains) if (!used.has(domain)) model.opsetImports.delete(domain);
  }
}

function versionOf(opsetImports: ReadonlyMap<string, number>, domain: string): number | undefined {
  return opsetImports.get(domain) ?? (domain === '' ? opsetImports.get('ai.onnx') : undefined);
}

function unsupported(message: string, body: FunctionBody): LatheError {
  return new LatheError('unsupported', message, { item: functionLabel(body) });
}
