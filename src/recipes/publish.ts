// Publishes the accepted model: a new file or folder beside the source (or where asked), whole or not at all.
import { statSync } from 'node:fs';
import { dirname, parse, resolve } from 'node:path';
import { LatheError } from '../base/errors';
import { assertNameFree, captureSource, publishModel, type SourceState } from '../formats/publish';
import type { Model } from '../graph/model';
import type { CandidatePlan } from './candidates';
import { stemOf } from './report';
import { sourceHashes } from './source';

export interface PublishRequest {
  readonly modelPath: string;
  readonly outputPath: string | undefined;
  /** The source, external data included, as it was when the work began. */
  readonly sourceState: SourceState;
  readonly signal: AbortSignal;
  /** The most bytes of a file with weights, of a TensorFlow.js model. */
  readonly shardBytes?: number;
}

export interface Published {
  readonly path: string;
  readonly sha256: string;
  /** Of its other files, where its weights lie outside. */
  readonly weightsSha256?: string;
}

/**
 * Writes, reopens, verifies and publishes a model.
 * @throws LatheError `source-touched` when the source changed meanwhile or is the output; `io`, `no-space`, `cancelled`
 */
export async function publishWinner(model: Model, plan: Pick<CandidatePlan, 'tag'>, request: PublishRequest): Promise<Published> {
  const place = request.outputPath === undefined ? { directory: dirname(request.modelPath), stem: stemOf(request.modelPath), tag: plan.tag } : placeOf(resolve(request.outputPath), model.format);
  const path = await publishModel(model, { ...place, exact: request.outputPath !== undefined, source: request.modelPath, sourceState: request.sourceState, signal: request.signal, ...(request.shardBytes === undefined ? {} : { shardBytes: request.shardBytes }) });
  return { path, ...(await sourceHashes(await captureSource(path))) };
}

interface OutputPlace {
  readonly directory: string;
  readonly stem: string;
  readonly tag: string;
  readonly fileName?: string;
}

/** A name that is asked for is taken as it is; `.onnx` is added where it lacks that. Of TensorFlow.js it is a new folder's, or that of a model.json in one. */
function placeOf(path: string, format: Model['format']): OutputPlace {
  const { dir, base } = parse(path);
  if (format === 'onnx') return { directory: dir, stem: base.replace(/\.onnx$/i, ''), tag: '' };
  if (!base.endsWith('.json')) return { directory: dir, stem: base, tag: '' };
  const folder = parse(dir);
  return { directory: folder.dir, stem: folder.base, tag: '', fileName: base };
}

/**
 * Whether the file that was asked for can be made: known before the work, not after it.
 * @param format of the result
 * @throws LatheError `not-found` where its folder is not there, `io` where its name is taken, `source-touched` where it is the source
 */
export async function assertOutput(modelPath: string, outputPath: string | undefined, format: Model['format']): Promise<void> {
  if (outputPath === undefined) return;
  const place = placeOf(resolve(outputPath), format);
  if (statSync(place.directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new LatheError('not-found', "The output's folder does not exist.", { file: place.directory, hint: 'Make it first, or choose another.' });
  await assertNameFree(format, { ...place, source: modelPath });
}
