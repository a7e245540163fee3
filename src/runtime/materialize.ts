// A model made ready for the runtime. One of ONNX in memory becomes a small protobuf in which every large weight refers to where its bytes lie already; TensorFlow.js's are handed over by their path, and written to a temporary folder where they have none.
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, parse, relative, resolve, sep } from 'node:path';
import type { Disposable } from '../base/disposable';
import { LatheError, toLatheError } from '../base/errors';
import { encodeModel } from '../formats/onnx/encodeModel';
import type { ExternalPlace } from '../formats/onnx/encodeTensor';
import { writeOnnxModel } from '../formats/onnx/write';
import { openModel, type ModelFile } from '../formats/open';
import { tfjsContents } from '../formats/tfjs/contents';
import { writeTfjsModel } from '../formats/tfjs/write';
import type { Graph, Model } from '../graph/model';
import { newestOpset, unrunnableOpset } from '../graph/opsets';
import { subgraphs } from '../graph/traverse';
import type { Tensor, TensorSource } from '../tensor/tensor';
import type { LoadRequest } from './messages';
import { temporaryFolder } from './temporary';

export type ModelOrPath = Model | ModelFile;

export function isModel(model: ModelOrPath): model is Model {
  return 'graph' in model;
}

/** What the runner is handed, and what has to be cleaned up after it. */
export interface Materialized extends Disposable {
  readonly model: LoadRequest['model'];
  /** Session configuration the model needs. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Model and weights together. */
  readonly fileBytes: number;
  /** How messages call it. */
  readonly label: string;
  readonly sourcePath: string | undefined;
  /** Its structure; the file may be closed. */
  readonly structure: Model;
}

/** Smaller tensors stay in the protobuf: the runtime's shape inference reads only those. */
const externalThreshold = 64 * 1024;
/** Bytes copied at a time from a tensor to the temporary weights file. */
const chunkBytes = 8 << 20;
/** Weights begin on a cache line. */
const alignment = 64;

/** @throws LatheError as `openModel`, `writeTfjsModel` and {@link assertRunnable}, `io`, `no-space` */
export async function materialize(model: ModelOrPath): Promise<Materialized> {
  if (!isModel(model)) return materializeFile(model);
  return model.format === 'onnx' ? materializeModel(model) : materializeTensorFlow(model);
}

/** A file on disk is handed over as it is, once its structure and outputs are known to be safe. TensorFlow.js reads its shards itself, in the runner. */
function materializeFile(file: ModelFile): Materialized {
  const path = resolve(file.path);
  const model = openModel(path, file);
  const externalData = file.externalData === undefined ? {} : { externalData: file.externalData };
  try {
    if (model.format === 'onnx') assertRunnable(model);
    return { model: model.format === 'onnx' ? { path } : { tensorflow: path, ...externalData }, configuration: {}, fileBytes: bytesOnDisk(model, path), label: basename(path), sourcePath: path, structure: model, dispose: () => undefined };
  } finally {
    model.dispose();
  }
}

/**
 * Weights that lie in a file are referred to there; large ones in memory are streamed to one temporary file. So nothing is
 * held twice and protobuf's 2 GB limit never applies. The references are relative to the root of the file system, which
 * the runtime is told to take for the model's folder.
 */
function materializeModel(model: Model): Materialized {
  assertRunnable(model);
  const weights = new PlacedWeights();
  const outside = topTensors(model.graph);
  try {
    const wire = encodeModel(model, (tensor) => (outside.has(tensor) ? weights.place(tensor) : undefined));
    const bytes = new Uint8Array(wire.byteLength);
    let end = 0;
    for (const piece of wire.pieces()) {
      bytes.set(piece instanceof Uint8Array ? piece : piece.read(), end);
      end += piece.byteLength;
    }
    weights.close();
    return {
      model: { bytes },
      configuration: { 'session.model_external_initializers_file_folder_path': weights.root },
      fileBytes: bytes.byteLength + weights.byteLength,
      label: labelOf(model),
      sourcePath: model.path,
      structure: model,
      dispose: () => weights.dispose(),
    };
  } catch (thrown) {
    weights.dispose();
    throw toLatheError(thrown, model.path);
  }
}

/** TensorFlow.js loads whole files: the model is written as it would be published. */
async function materializeTensorFlow(model: Model): Promise<Materialized> {
  const { file, bytes, dispose } = await asFile(model);
  return { model: { tensorflow: file.path }, configuration: {}, fileBytes: bytes, label: labelOf(model), sourcePath: model.path, structure: model, dispose };
}

function labelOf({ path }: Model): string {
  return path === undefined ? 'the model' : basename(path);
}

/** Weights of the main graph. The runtime's checker refuses some external data inside subgraphs, so those stay in the protobuf. */
function topTensors(graph: Graph): ReadonlySet<Tensor> {
  const tensors = new Set(graph.initializers.values());
  for (const node of graph.nodes) {
    const value = node.opType === 'Constant' ? node.attributes.get('value') : undefined;
    if (value?.type === 'tensor') tensors.add(value.value);
  }
  return tensors;
}

/** Element types that abort the runtime's process, or cannot be read, as a graph output. */
const unreadable: ReadonlySet<string> = new Set(['int4', 'uint4', 'int2', 'uint2', 'float4e2m1', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'float8e8m0', 'complex64', 'complex128']);

/** @throws LatheError `unsupported` for operator sets no runtime takes, and for outputs that would take the runner down. */
export function assertRunnable(model: Model): void {
  const file = model.path === undefined ? {} : { file: model.path };
  const unrunnable = unrunnableOpset(model);
  if (unrunnable !== undefined) throw new LatheError('unsupported', `${unrunnable.reason}: it can be viewed, not run.`, { ...file, item: 'ai.onnx', hint: `Export it for opset ${newestOpset} or older.` });
  for (const { name, type } of model.graph.outputs)
    if (type?.kind === 'tensor' && unreadable.has(type.elementType))
      throw new LatheError('unsupported', `Output ${name} is ${type.elementType}, which onnxruntime-node cannot return.`, { ...file, item: name, hint: 'Add a Cast to float32 before the output.' });
}

/** The model file and the external data, or shards, it refers to. */
export function bytesOnDisk(model: Model, path: string): number {
  // Quantised weights do not say where they lie, but the manifest does.
  if (model.format !== 'onnx') return [path, ...(tfjsContents(model)?.weights.files ?? [])].reduce((sum, file) => sum + statSync(file).size, 0);
  const counted = new Set<TensorSource>();
  const visit = (graph: Graph): number => {
    let bytes = 0;
    for (const { source } of graph.initializers.values()) {
      if (source.location !== undefined && source.location.path !== path && !counted.has(source)) bytes += source.byteLength;
      counted.add(source);
    }
    for (const node of graph.nodes) for (const inner of subgraphs(node)) bytes += visit(inner.graph);
    return bytes;
  };
  return statSync(path).size + visit(model.graph);
}

interface WeightsFile {
  readonly descriptor: number;
  readonly path: string;
  readonly folder: Disposable;
  end: number;
}

/** Where large weights lie: in their own files, or in one temporary file made when first needed. */
class PlacedWeights implements Disposable {
  readonly root = parse(tmpdir()).root;
  byteLength = 0;
  private file: WeightsFile | undefined;
  private readonly places = new Map<TensorSource, ExternalPlace>();

  place({ source }: Tensor): ExternalPlace | undefined {
    if (source.byteLength < externalThreshold) return undefined;
    const known = this.places.get(source);
    if (known !== undefined) return known;
    const { path, offset } = this.reachable(source) ?? this.copy(source);
    const made = { location: relative(this.root, path).split(sep).join('/'), offset };
    this.places.set(source, made);
    this.byteLength += source.byteLength;
    return made;
  }

  /** References are relative to one root: on Windows a file on another drive has to be copied. */
  private reachable({ location }: TensorSource): TensorSource['location'] {
    return location !== undefined && parse(location.path).root === this.root ? location : undefined;
  }

  private copy(source: TensorSource): { path: string; offset: number } {
    this.file ??= openWeightsFile();
    const { descriptor, path, end } = this.file;
    for (let done = 0; done < source.byteLength; done += chunkBytes) {
      const chunk = source.read(done, Math.min(chunkBytes, source.byteLength - done));
      for (let written = 0; written < chunk.byteLength; ) written += writeSync(descriptor, chunk, written, chunk.byteLength - written, end + done + written);
    }
    this.file.end = Math.ceil((end + source.byteLength) / alignment) * alignment;
    return { path, offset: end };
  }

  /** Nothing more will be placed. */
  close(): void {
    if (this.file !== undefined) closeSync(this.file.descriptor);
  }

  dispose(): void {
    this.file?.folder.dispose();
  }
}

function openWeightsFile(): WeightsFile {
  const folder = temporaryFolder();
  const path = join(folder.path, 'weights.bin');
  return { descriptor: openSync(path, 'wx'), path, folder, end: 0 };
}

/** A model as a file, as the person would deploy it. */
export interface FileOnDisk extends Disposable {
  /** What the runner loads. */
  readonly file: ModelFile;
  /** The person's own path; that of a model in memory is empty. */
  readonly shownPath: string;
  /** With external data. */
  readonly bytes: number;
  readonly format: Model['format'];
}

/** For benchmarks both sides are loaded from a file; one in memory is written to a temporary one. @throws LatheError as the reader and writer */
export async function asFile(model: ModelOrPath): Promise<FileOnDisk> {
  if (!isModel(model)) {
    const path = resolve(model.path);
    const opened = openModel(path, model);
    try {
      return { file: { ...model, path }, shownPath: model.path, bytes: bytesOnDisk(opened, path), format: opened.format, dispose: () => undefined };
    } finally {
      opened.dispose();
    }
  }
  const folder = temporaryFolder();
  try {
    const path = join(folder.path, model.format === 'onnx' ? 'model.onnx' : 'model.json');
    const { files } = await (model.format === 'onnx' ? writeOnnxModel(model, path) : writeTfjsModel(model, path));
    return { file: { path }, shownPath: '', bytes: files.reduce((sum, file) => sum + statSync(file).size, 0), format: model.format, dispose: () => folder.dispose() };
  } catch (thrown) {
    folder.dispose();
    throw thrown;
  }
}
