// What an optimization knows of its source: its bytes, their hash, its weights.
import { createHash } from 'node:crypto';
import { openModel } from '../formats/open';
import { sha256, type SourceState } from '../formats/publish';
import { storedBytes } from '../formats/tfjs/manifest';
import type { Graph, Model } from '../graph/model';
import { subgraphs } from '../graph/traverse';
import type { SourceReport } from '../protocol/report';
import { bytesOnDisk } from '../runtime/materialize';
import type { Tensor } from '../tensor/tensor';

/** Hashes of a model's file and of the files that hold its external data, if any; those taken when the state was noted are not taken again. @throws LatheError as {@link sha256} */
export async function sourceHashes({ files }: SourceState): Promise<Pick<SourceReport, 'sha256' | 'weightsSha256'>> {
  const hashOf = (file: SourceState['files'][number]): string | Promise<string> => file.sha256 ?? sha256(file.path);
  const [model, ...data] = files;
  const hash = await hashOf(model);
  if (data.length === 0) return { sha256: hash };
  const weights = createHash('sha256');
  for (const file of data.sort((a, b) => (a.path < b.path ? -1 : 1))) weights.update(await hashOf(file));
  return { sha256: hash, weightsSha256: weights.digest('hex') };
}

/** Bytes of a model on disk, external data included. @throws LatheError as `openModel` */
export function fileBytes(path: string): number {
  const model = openModel(path);
  try {
    return bytesOnDisk(model, path);
  } finally {
    model.dispose();
  }
}

/** Bytes of all constant tensors: initializers and Constant nodes, subgraphs and functions included. */
export function weightBytes(model: Model): number {
  return graphBytes(model.graph) + model.functions.reduce((sum, body) => sum + body.nodes.reduce((inner, node) => inner + nodeBytes(node), 0), 0);
}

function graphBytes(graph: Graph): number {
  let bytes = 0;
  for (const tensor of graph.initializers.values()) bytes += tensorBytes(tensor);
  for (const sparse of graph.sparseInitializers.values()) bytes += tensorBytes(sparse.values) + tensorBytes(sparse.indices);
  for (const node of graph.nodes) bytes += nodeBytes(node);
  return bytes;
}

function nodeBytes(node: Graph['nodes'][number]): number {
  let bytes = subgraphs(node).reduce((sum, inner) => sum + graphBytes(inner.graph), 0);
  for (const attribute of node.attributes.values()) if (attribute.type === 'tensor') bytes += tensorBytes(attribute.value);
  return bytes;
}

function tensorBytes(tensor: Tensor): number {
  return storedBytes(tensor);
}
