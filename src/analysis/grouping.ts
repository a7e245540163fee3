// Groups of layers for the model view: name scopes where names have them, subgraphs, bodies of functions, else repeated blocks.
import type { Graph, Node } from '../graph/model';
import { makeNode } from '../graph/construct';
import { nodeReads, subgraphs } from '../graph/traverse';
import type { GroupSummary } from '../protocol/view';
import type { LayerAnalysis } from './analyze';
import { blockName, cutPositions, findRepetitions } from './blocks';
import type { CallSite } from './functions';

export interface Grouping {
  readonly groups: readonly GroupSummary[];
  /** Innermost group of each layer. */
  readonly groupOf: Uint32Array;
}

/** A group of one layer would only be a frame around it. */
const leastLayers = 2;
/** A group with more direct members than this is cut into parts, so that a person can open it piece by piece. */
const mostMembers = 60;
const membersOfPart = 25;
const deepestScope = 12;
/** Subgraphs shorter than this are shown whole. */
const shortSubgraph = 20;

interface Draft {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly kind: GroupSummary['kind'];
  readonly call?: string;
  layers: number;
}

/** Layer numbers of one graph, in file order. */
type Members = readonly number[];

/** Parents come before children; group 0 is the model itself. `sites` says which layers stand for the call of a function. */
export function groupLayers(layers: readonly LayerAnalysis[], modelName: string, sites: ReadonlyMap<Node, CallSite> = new Map()): Grouping {
  return new Grouper(layers, modelName, sites).run();
}

class Grouper {
  private readonly groups: Draft[];
  private readonly groupOf: Uint32Array;
  private readonly byGraph = new Map<Graph, number[]>();
  /** The layers, where a call's first layer stands for the whole call while the layers beside the call are grouped. */
  private readonly layers: LayerAnalysis[];

  constructor(
    private readonly source: readonly LayerAnalysis[],
    modelName: string,
    private readonly sites: ReadonlyMap<Node, CallSite>,
  ) {
    const layers = (this.layers = [...source]);
    this.groups = [{ id: 0, parent: -1, name: modelName, kind: 'model', layers: layers.length }];
    this.groupOf = new Uint32Array(layers.length);
    layers.forEach((layer, i) => {
      const members = this.byGraph.get(layer.graph);
      if (members === undefined) this.byGraph.set(layer.graph, [i]);
      else members.push(i);
    });
  }

  run(): Grouping {
    const top = this.layers[0]?.graph;
    if (top !== undefined) this.place(this.byGraph.get(top) ?? [], undefined, 0, 0);
    // A node's group is known before its subgraphs are met: layers come in that order.
    for (const [i, layer] of this.layers.entries()) {
      if (layer.node.attributes.size === 0) continue;
      const inner = subgraphs(layer.node);
      if (inner.length === 0) continue;
      const holder = this.make(this.groupOf[i] ?? 0, layer.key.split('/').at(-1) ?? layer.key, 'subgraph');
      for (const { attribute, graph } of inner) {
        const members = this.byGraph.get(graph) ?? [];
        const group = inner.length > 1 && members.length >= leastLayers ? this.make(holder, attribute, 'subgraph') : holder;
        this.place(members, undefined, group, shortSubgraph);
      }
    }
    return this.finish();
  }

  /** Groups what stands within one call, or within none: calls in it as one layer each, then what each is made of. */
  private place(members: Members, within: CallSite | undefined, parent: number, short: number): void {
    const calls = new Map<CallSite, number[]>();
    const own: number[] = [];
    for (const i of members) {
      const site = siteBelow(this.sites.get(this.source[i]?.node ?? unknownNode), within);
      const inside = site === undefined ? undefined : calls.get(site);
      if (inside !== undefined) inside.push(i);
      else {
        own.push(i);
        if (site !== undefined) calls.set(site, [i]);
      }
    }
    for (const [{ key, call }, [first = 0, ...others]] of calls) {
      const layer = this.source[first];
      if (layer !== undefined) this.layers[first] = { ...layer, key, node: call, folded: layer.folded && others.every((i) => this.source[i]?.folded === true) };
    }
    this.group(own, parent, short);
    for (const [site, inside] of calls) {
      for (const i of inside.slice(0, 1)) if (this.source[i] !== undefined) this.layers[i] = this.source[i];
      this.place(inside, site, this.make(this.groupOf[inside[0] ?? 0] ?? parent, callName(site), 'function', site.key), shortSubgraph);
    }
  }

  private make(parent: number, name: string, kind: GroupSummary['kind'], call?: string): number {
    return this.groups.push({ id: this.groups.length, parent, name, kind, layers: 0, ...(call === undefined ? {} : { call }) }) - 1;
  }

  private assign(members: Members, group: number): void {
    for (const i of members) this.groupOf[i] = group;
  }

  private group(members: Members, parent: number, short: number): void {
    this.assign(members, parent);
    if (members.length <= short) return;
    const running = members.filter((i) => this.layers[i]?.folded === false);
    if (!this.byScope(members, running, parent)) this.byBlock(running, parent);
    this.followReaders(members, parent);
  }

  /** Groups by the scopes in the names; false where the names have none, or scatter each scope over the whole graph. */
  private byScope(members: Members, running: Members, parent: number): boolean {
    const paths = new Map(members.map((i) => [i, scopeOf(this.layers[i]?.key ?? '')]));
    let [runs, scoped, before] = [0, 0, ''];
    const scopes = new Set<string>();
    for (const i of running) {
      const path = paths.get(i) ?? [];
      if (path.length > 0) scoped++;
      const text = path.join('/');
      if (text !== before) runs++;
      scopes.add(text);
      before = text;
    }
    if (scoped < running.length / 2 || runs > 4 * scopes.size + 4) return false;
    const root: ScopeTree = { inner: new Map(), members: [], layers: 0 };
    for (const i of members) {
      let tree = root;
      tree.layers++;
      for (const part of paths.get(i) ?? []) {
        let next = tree.inner.get(part);
        if (next === undefined) tree.inner.set(part, (next = { inner: new Map(), members: [], layers: 0 }));
        tree = next;
        tree.layers++;
      }
      tree.members.push(i);
    }
    this.placeScopes(root, parent);
    return true;
  }

  private placeScopes(tree: ScopeTree, group: number): void {
    this.assign(tree.members, group);
    for (const [name, inner] of tree.inner) this.placeScopes(inner, inner.layers < leastLayers ? group : this.make(group, name, 'scope'));
  }

  private byBlock(running: Members, parent: number): void {
    const sequence = running.flatMap((i) => this.layers[i] ?? []);
    const slice = ([from, to]: readonly [number, number]): Members => running.slice(from, to);
    const repetitions = findRepetitions(sequence);
    const tops: { readonly members: Members; readonly place: (parent: number) => void }[] = [];
    let at = 0;
    const single = (to: number): void => {
      for (; at < to; at++) {
        const member = running.slice(at, at + 1);
        tops.push({ members: member, place: (group) => this.assign(member, group) });
      }
    };
    for (const { repeats } of repetitions) {
      const [first, last] = [repeats[0], repeats.at(-1)];
      if (first === undefined || last === undefined) continue;
      single(first[0]);
      at = last[1];
      const name = blockName(sequence.slice(...first));
      tops.push({
        members: slice([first[0], last[1]]),
        place: (group) => {
          const run = this.make(group, `${repeats.length} × ${name}`, 'block');
          repeats.forEach((repeat, k) => this.assign(slice(repeat), this.make(run, `${k + 1} · ${name}`, 'block')));
        },
      });
    }
    single(running.length);
    if (tops.length <= mostMembers) for (const top of tops) top.place(parent);
    else this.inParts(tops, sequence, running, parent);
  }

  /** Cuts a long row into parts, where it can at places that a single value crosses. */
  private inParts(tops: readonly { readonly members: Members; readonly place: (parent: number) => void }[], sequence: readonly LayerAnalysis[], running: Members, parent: number): void {
    const cuts = new Set(cutPositions(sequence).map((position) => running[position] ?? -1));
    let part: (typeof tops)[number][] = [];
    let number = 0;
    const close = (): void => {
      const layers = part.flatMap(({ members }) => members.flatMap((i) => this.layers[i] ?? []));
      const group = part.length < leastLayers ? parent : this.make(parent, `part ${++number} · ${blockName(layers)}`, 'block');
      for (const top of part) top.place(group);
      part = [];
    };
    for (const top of tops) {
      const first = top.members[0];
      if ((part.length >= membersOfPart && first !== undefined && cuts.has(first)) || part.length >= 2 * membersOfPart) close();
      part.push(top);
    }
    close();
  }

  /** A constant without a place of its own lies beside the first layer that reads it. */
  private followReaders(members: Members, parent: number): void {
    const made = new Map<string, number>();
    for (const i of members) if (this.layers[i]?.folded === true && this.groupOf[i] === parent) for (const name of this.layers[i].node.outputs) made.set(name, i);
    if (made.size === 0) return;
    // Backwards, so that the first reader has the last word and chains of constants follow the layer at their end.
    for (const i of [...members].reverse()) {
      const layer = this.layers[i];
      if (layer === undefined) continue;
      for (const name of nodeReads(layer.node)) {
        const constant = made.get(name);
        if (constant !== undefined) this.groupOf[constant] = this.groupOf[i] ?? parent;
      }
    }
  }

  private finish(): Grouping {
    const [model] = this.groups;
    for (const group of this.groups) group.layers = 0;
    for (const id of this.groupOf) {
      const group = this.groups[id];
      if (group !== undefined) group.layers++;
    }
    // Children come after their parents, so backwards each is complete before it is added.
    for (const group of [...this.groups].reverse()) {
      const parent = this.groups[group.parent];
      if (parent !== undefined) parent.layers += group.layers;
    }
    if (model !== undefined) model.layers = this.layers.length;
    return { groups: this.groups, groupOf: this.groupOf };
  }
}

interface ScopeTree {
  readonly inner: Map<string, ScopeTree>;
  readonly members: number[];
  layers: number;
}

/** Stands in no model. */
const unknownNode = makeNode({ opType: '', inputs: [], outputs: [] });

/** Of the calls around a layer, the one directly within another. */
function siteBelow(site: CallSite | undefined, within: CallSite | undefined): CallSite | undefined {
  for (let at = site; at !== undefined; at = at.outer) if (at.outer === within && at !== within) return at;
  return undefined;
}

/** The last part of the call's name, where it has one, and the function's. */
function callName({ call, body }: CallSite): string {
  const name = call.name.split('/').at(-1) ?? '';
  return name === '' || name === body.name ? body.name : `${name} · ${body.name}`;
}

/** Parts of `/a/b/Op` or `a.b.op`, the layer's own name left out. */
function scopeOf(key: string): readonly string[] {
  const separator = key.includes('/') ? '/' : '.';
  const parts = key.split(separator);
  parts.pop();
  return (parts[0] === '' ? parts.slice(1) : parts).slice(0, deepestScope);
}
