// What an optimization knows of its source: its bytes, their hash, its weights.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { toLatheError } from '../base/errors';
import { weightFiles } from '../formats/weightFiles';
import { openModel } from '../formats/open';
import type { Graph, Model } from '../graph/model';
import { subgraphs } from '../graph/traverse';
import type { SourceReport } from '../protocol/report';
import { bytesOnDisk } from '../runtime/materialize';
import { packedByteLength } from '../tensor/elementType';
import { elementCount, type Tensor } from '../tensor/tensor';

/** SHA-256 of a file, streamed. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
  return hash.digest('hex');
}

/** Hashes of a model's file and of the files that hold its external data, if any. @throws LatheError as {@link sha256} */
export async function sourceHashes(model: Model, path: string): Promise<Pick<SourceReport, 'sha256' | 'weightsSha256'>> {
  const files = [...weightFiles(model)].filter((file) => file !== path).sort();
  if (files.length === 0) return { sha256: await sha256(path) };
  const weights = createHash('sha256');
  for (const file of files) weights.update(await sha256(file));
  return { sha256: await sha256(path), weightsSha256: weights.digest('hex') };
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
  return packedByteLength(tensor.elementType, elementCount(tensor.dims));
}
