// Groups of layers for the model view: name scopes where names have them, subgraphs, else stretches of the graph.
import type { GroupSummary } from '../protocol/view';
import type { LayerAnalysis } from './analyze';

export interface Grouping {
  readonly groups: readonly GroupSummary[];
  /** Innermost group of each layer. */
  readonly groupOf: Uint32Array;
}

interface Draft {
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly kind: GroupSummary['kind'];
  layers: number;
}

/** A group of one layer would only be a frame around it. */
const leastLayers = 2;
/** Without scopes, a graph longer than this is cut into stretches. */
const longestFlat = 150;
const stretch = 50;
const deepestScope = 12;

/** Parents come before children; group 0 is the model itself. */
export function groupLayers(layers: readonly LayerAnalysis[], modelName: string): Grouping {
  const paths = layers.map(pathOf);
  const useful = countPaths(paths);
  const groups: Draft[] = [{ id: 0, parent: -1, name: modelName, kind: 'model', layers: layers.length }];
  const byPath = new Map<string, number>();
  const groupOf = new Uint32Array(layers.length);
  layers.forEach((layer, i) => {
    let parent = 0;
    let path = '';
    const visit = (part: string, kind: GroupSummary['kind']): void => {
      path += `\u0000${part}`;
      if ((useful.get(path) ?? 0) < leastLayers) return;
      let id = byPath.get(path);
      if (id === undefined) {
        id = groups.length;
        byPath.set(path, id);
        groups.push({ id, parent, name: part, kind, layers: 0 });
      }
      const group = groups[id];
      if (group !== undefined) group.layers++;
      parent = id;
    };
    const kind = layer.enclosing.length > 0 ? 'subgraph' : 'scope';
    for (const part of paths[i] ?? []) visit(part, kind);
    groupOf[i] = parent;
  });
  return groups.length === 1 && layers.length > longestFlat ? stretches(layers, modelName) : { groups, groupOf };
}

/** Parts of `/a/b/Op` or `a.b.op`, the layer's own name left out; nodes of subgraphs lie in a group of their enclosing node. */
function pathOf(layer: LayerAnalysis): string[] {
  const inner = layer.enclosing.at(-1);
  if (inner !== undefined) return [...layer.enclosing];
  const separator = layer.key.includes('/') ? '/' : '.';
  return layer.key.split(separator).filter((part) => part !== '').slice(0, -1).slice(0, deepestScope);
}

function countPaths(paths: readonly (readonly string[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const parts of paths) {
    let path = '';
    for (const part of parts) {
      path += `\u0000${part}`;
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
  }
  return counts;
}

/** A graph whose names say nothing is cut by position, so that a person can open it piece by piece. */
function stretches(layers: readonly LayerAnalysis[], modelName: string): Grouping {
  const groups: GroupSummary[] = [{ id: 0, parent: -1, name: modelName, kind: 'model', layers: layers.length }];
  const groupOf = new Uint32Array(layers.length);
  for (let first = 0; first < layers.length; first += stretch) {
    const last = Math.min(first + stretch, layers.length);
    const id = groups.length;
    groups.push({ id, parent: 0, name: `nodes ${first + 1}–${last}`, kind: 'block', layers: last - first });
    groupOf.fill(id, first, last);
  }
  return { groups, groupOf };
}
