// Writes an ONNX model: the structure from memory, the weights streamed a few megabytes at a time, into one file or beside it.
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import type { Graph, Model, Node } from '../../graph/model';
import { subgraphs } from '../../graph/traverse';
import type { Tensor, TensorSource } from '../../tensor/tensor';
import { checkSpace, type OutputOptions, writeFresh } from '../output';
import { encodeModel } from './encodeModel';
import type { ExternalPlace, PlaceTensor } from './encodeTensor';
import type { Piece, WireWriter } from './wireWriter';

export interface WriteOptions extends OutputOptions {
  /**
   * `auto` (the default): tensors that came from external data stay external, and every large one becomes so where one
   * file would pass 2 GiB. `always`: every tensor from the threshold on. `never`: fails past 2 GiB.
   */
  readonly externalData?: 'auto' | 'always' | 'never';
  /** Bytes from which a tensor may go into the external file; 1024 where not said, so that shapes stay in the model. */
  readonly externalThreshold?: number;
  /** Where a tensor's bytes lie already, relative to the model: it is referred to there and not written. */
  readonly inPlace?: PlaceTensor;
  /** Path of the external data file; `<path>.data` where not said. */
  readonly dataPath?: string;
  /** Name by which the model refers to it; the base name of `dataPath` where not said. */
  readonly dataName?: string;
}

/** Protobuf's limit for one message is 2^31 − 1 bytes; a margin is left for readers that count differently. */
const largestModel = 2 ** 31 - 2 ** 20;
/** External tensors start where a page may be mapped; small ones at a cache line. Source: ONNX external data, "offset". */
const pageBytes = 4096;
const lineBytes = 64;
const pagedBytes = 2 ** 20;

/**
 * Writes a model to a fresh path (and, where weights go outside, `<path>.data`), streaming. Neither may exist.
 * A failure or cancel removes what was written.
 * @returns The files written, weights first.
 * @throws LatheError `unsupported` (over 2 GiB with `never`, or a model that cannot be kept whole), `no-space`, `io`, `cancelled`.
 */
export async function writeOnnxModel(model: Model, path: string, options: WriteOptions = {}): Promise<{ files: string[] }> {
  refuseUnwritable(model);
  const dataPath = options.dataPath ?? `${path}.data`;
  const { wire, external } = plan(model, options, options.dataName ?? basename(dataPath));
  const files: string[] = [];
  try {
    const last = external.at(-1);
    await checkSpace(path, wire.byteLength + (last === undefined ? 0 : last.offset + last.source.byteLength));
    if (external.length > 0) await writeFresh(dataPath, files, options, padded(external));
    await writeFresh(path, files, options, wire.pieces());
  } catch (thrown) {
    await Promise.all(files.map((file) => rm(file, { force: true })));
    throw toLatheError(thrown, path);
  }
  return { files };
}

/** A model as bytes in memory; for small ones. @throws LatheError `unsupported` over 2 GiB. */
export function encodeOnnxModel(model: Model): Uint8Array {
  refuseUnwritable(model);
  const { wire } = plan(model, { externalData: 'never' }, '');
  const bytes = new Uint8Array(wire.byteLength);
  let at = 0;
  for (const piece of wire.pieces()) {
    bytes.set(piece instanceof Uint8Array ? piece : piece.read(), at);
    at += piece.byteLength;
  }
  return bytes;
}

/** @throws LatheError where writing would silently lose something. */
function refuseUnwritable(model: Model): void {
  const details = model.path === undefined ? {} : { file: model.path };
  if (model.format !== 'onnx') throw new LatheError('unsupported', 'Only ONNX models can be written as ONNX; this one has to be lowered first.', details);
  if (model.warnings.some(({ code }) => code === 'trailing-bytes'))
    throw new LatheError('unsupported', 'Bytes follow the model in its file; a new file could not keep them.', { ...details, hint: 'Cut the file to the model, then try again.' });
}

interface Placed {
  readonly offset: number;
  readonly source: TensorSource;
}

interface Plan {
  readonly wire: WireWriter;
  readonly external: readonly Placed[];
}

function plan(model: Model, options: WriteOptions, dataName: string): Plan {
  const mode = options.externalData ?? 'auto';
  const threshold = options.externalThreshold ?? 1024;
  const kept = (tensor: Tensor): boolean => mode === 'always' || (mode === 'auto' && tensor.storage === 'external');
  const first = encode(model, (tensor) => tensor.source.byteLength >= threshold && kept(tensor), options, dataName);
  if (first.wire.byteLength <= largestModel) return first;
  if (mode === 'never')
    throw new LatheError('unsupported', `The model takes ${first.wire.byteLength} bytes; one file holds 2 GiB at most.`, { hint: 'Write it with external data.' });
  // Initializers first: runtimes read external data there most reliably. Attributes follow only where that is not enough.
  const initializers = initializerSet(model.graph);
  const second = encode(model, (tensor) => tensor.source.byteLength >= threshold && (kept(tensor) || initializers.has(tensor)), options, dataName);
  if (second.wire.byteLength <= largestModel) return second;
  const third = encode(model, (tensor) => tensor.source.byteLength >= threshold, options, dataName);
  if (third.wire.byteLength > largestModel) throw new LatheError('unsupported', `The model's structure alone takes ${third.wire.byteLength} bytes; one file holds 2 GiB at most.`);
  return third;
}

function encode(model: Model, goesOutside: (tensor: Tensor) => boolean, options: WriteOptions, dataName: string): Plan {
  const external: Placed[] = [];
  // Tensors that share their bytes, in memory or in the file they come from, share their place.
  const places = new Map<TensorSource | string, ExternalPlace>();
  let end = 0;
  const place: PlaceTensor = (tensor) => {
    const there = options.inPlace?.(tensor);
    if (there !== undefined || !goesOutside(tensor)) return there;
    const bytes = identityOf(tensor.source);
    const known = places.get(bytes);
    if (known !== undefined) return known;
    const alignment = tensor.source.byteLength >= pagedBytes ? pageBytes : lineBytes;
    const offset = Math.ceil(end / alignment) * alignment;
    const made = { location: dataName, offset };
    places.set(bytes, made);
    external.push({ offset, source: tensor.source });
    end = offset + tensor.source.byteLength;
    return made;
  };
  return { wire: encodeModel(model, place), external };
}

function identityOf(source: TensorSource): TensorSource | string {
  return source.location === undefined ? source : `${source.location.path}\0${source.location.offset}\0${source.byteLength}`;
}

function initializerSet(graph: Graph, into = new Set<Tensor>()): Set<Tensor> {
  for (const tensor of graph.initializers.values()) into.add(tensor);
  for (const node of graph.nodes) addInner(node, into);
  return into;
}

function addInner(node: Node, into: Set<Tensor>): void {
  for (const inner of subgraphs(node)) initializerSet(inner.graph, into);
}

/** The external file's pieces, with zeros up to each offset. */
function* padded(external: readonly Placed[]): Generator<Piece> {
  let at = 0;
  for (const { offset, source } of external) {
    if (offset > at) yield new Uint8Array(offset - at);
    yield source;
    at = offset + source.byteLength;
  }
}
