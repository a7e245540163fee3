// Opens an ONNX model: everything but the weights, which stay in the file until something asks for them.
import { basename, join, resolve } from 'node:path';
import { LatheError, toLatheError } from '../../base/errors';
import { makeGraph, makeModel } from '../../graph/construct';
import type { FunctionBody, Graph, Model } from '../../graph/model';
import { SourceFile } from '../../tensor/fileSource';
import { headBytes, refuseForeign } from '../sniff';
import { ExternalData, type ExternalDataPolicy } from './externalData';
import { restoreOrigins } from './origin';
import { noFields, ReadContext } from './readContext';
import { readFunction, readGraph, readOpsetImport } from './readGraph';
import { WireReader } from './wireReader';

export interface ReadOptions {
  /** How external data may be reached; `contained` where not said. */
  readonly externalData?: ExternalDataPolicy;
  /** Folder that external data are looked for in, and may not leave; the model's own where not said. */
  readonly dataFolder?: string;
  /** Most memory the structure may take (weights are not part of it). */
  readonly memoryBudgetBytes?: number;
}

/** Room for some 400,000 real nodes; a million nodes of nothing go over it. */
export const defaultMemoryBudget = 512 * 2 ** 20;

/**
 * Reads an ONNX model's structure; the weights are not read. Dispose the model to close its files.
 * @throws LatheError `not-found`, `not-a-model`, `malformed`, `invalid-model`, `unsafe-path`, `cache-link`, `too-large`, `unsupported` or `io`.
 */
export function readOnnxModel(path: string, options: ReadOptions = {}): Model {
  const absolute = resolve(path);
  const file = new SourceFile(absolute);
  const external = new ExternalData(options.dataFolder === undefined ? absolute : join(options.dataFolder, basename(absolute)), options.externalData ?? 'contained');
  try {
    const head = new Uint8Array(Math.min(headBytes, file.size));
    file.readInto(head, 0);
    refuseForeign(head, absolute);
    const model = parse(file, absolute, external, options);
    const dispose = (): void => {
      file.dispose();
      external.dispose();
    };
    return { ...model, path: absolute, file: file.identity, dispose };
  } catch (thrown) {
    file.dispose();
    external.dispose();
    throw toLatheError(thrown, absolute);
  }
}

/**
 * Reads a model from bytes in memory; its tensors are views on them. External data are refused: there is no folder to look in.
 * @throws LatheError as {@link readOnnxModel}.
 */
export function readOnnxBytes(bytes: Uint8Array, name?: string, options: ReadOptions = {}): Model {
  refuseForeign(bytes.subarray(0, headBytes), name);
  return parse(bytes, name, undefined, options);
}

function parse(origin: SourceFile | Uint8Array, file: string | undefined, external: ExternalData | undefined, options: ReadOptions): Model {
  const wire = new WireReader(origin, file, options.memoryBudgetBytes ?? defaultMemoryBudget);
  const context = new ReadContext(wire, external, file, readGraph);
  const model = makeModel(makeGraph(''), { irVersion: 0, producerName: '', opsetImports: new Map() });
  const metadata: (readonly [string, string])[] = [];
  const unknownFields: Uint8Array[] = [];
  const functions: FunctionBody[] = [];
  let graph: Graph | undefined;
  while (nextField(context, graph !== undefined)) {
    switch (wire.field) {
      case 1:
        model.irVersion = Number(wire.int64());
        break;
      case 2:
        model.producerName = wire.text();
        break;
      case 3:
        model.producerVersion = wire.text();
        break;
      case 4:
        model.domain = wire.text();
        break;
      case 5:
        model.modelVersion = wire.int64();
        break;
      case 6:
        model.docString = wire.text();
        break;
      case 7:
        if (graph !== undefined) throw wire.malformed('The model has two graphs');
        graph = readGraph(context, 'graph');
        break;
      case 8:
        readOpsetImport(context, model.opsetImports);
        break;
      case 14:
        context.entry(metadata);
        break;
      case 20: // training_info: kept, not interpreted
      case 26: // configuration: kept, not interpreted
      case 30: // global_mutable_initializer_name, of a draft of training
        context.keep(unknownFields, true);
        break;
      case 25:
        functions.push(readFunction(context));
        break;
      default:
        context.keep(unknownFields);
    }
  }
  if (graph === undefined)
    throw new LatheError('not-a-model', 'There is no graph in this file: it is not an ONNX model, or only the beginning of one.', file === undefined ? {} : { file });
  model.graph = graph;
  model.functions = functions;
  model.metadata = metadata;
  model.unknownFields = unknownFields.length === 0 ? noFields : unknownFields;
  restoreOrigins(graph);
  model.warnings = context.finish();
  return model;
}

/** Moves on; zeros after a whole model are padding, which is remarked upon and keeps the model from being rewritten. */
function nextField(context: ReadContext, complete: boolean): boolean {
  const { wire } = context;
  if (complete && wire.atPadding()) {
    context.warn('trailing-bytes', `Bytes that are not part of the model follow it, from byte ${wire.offset}.`);
    return false;
  }
  return wire.next();
}
