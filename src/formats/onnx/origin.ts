// The origin of every node (which source nodes it came from), kept in the node's metadata so that it survives in the file.
import type { Graph, Metadata, Node } from '../../graph/model';
import { walkNodes } from '../../graph/traverse';

const originKey = 'lathe.origin';

/** Sets every node's origin: what its metadata says, else its own key. A well-formed entry leaves the metadata. */
export function restoreOrigins(graph: Graph): void {
  for (const { node, key } of walkNodes(graph)) {
    const stored = node.metadata.length === 0 ? undefined : parseOrigin(node.metadata);
    if (stored === undefined) node.origin = [key];
    else {
      node.origin = stored;
      node.metadata = node.metadata.filter(([name]) => name !== originKey);
    }
  }
}

/** The metadata a node is written with: its own, and its origin where that is another node than itself. */
export function storedMetadata(node: Node, key: string | undefined): Metadata {
  const { origin } = node;
  if (key === undefined || origin.length === 0 || (origin.length === 1 && origin[0] === key)) return node.metadata;
  return [...node.metadata, [originKey, JSON.stringify(origin)]];
}

/** Undefined where there is no entry or it is not a JSON list of strings. */
function parseOrigin(metadata: Metadata): string[] | undefined {
  const entries = metadata.filter(([name]) => name === originKey);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) return undefined;
  try {
    const value: unknown = JSON.parse(entry[1]);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
