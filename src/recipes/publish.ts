// Publishes the accepted model: a new file beside the source (or where asked), whole or not at all.
import { statSync } from 'node:fs';
import { dirname, parse, resolve } from 'node:path';
import { LatheError } from '../base/errors';
import { openModel } from '../formats/open';
import { assertNameFree, publishModel, sha256, type SourceState } from '../formats/publish';
import { assertValid } from '../graph/verify';
import type { Model } from '../graph/model';
import type { CandidatePlan } from './candidates';
import { stemOf } from './report';

export interface PublishRequest {
  readonly modelPath: string;
  readonly outputPath: string | undefined;
  /** The source, external data included, as it was when the work began. */
  readonly sourceState: SourceState;
  readonly signal: AbortSignal;
}

/**
 * Writes, reopens, verifies and publishes a model.
 * @throws LatheError `source-touched` when the source changed meanwhile or is the output; `io`, `no-space`, `cancelled`
 */
export async function publishWinner(model: Model, plan: Pick<CandidatePlan, 'tag'>, request: PublishRequest): Promise<{ path: string; sha256: string }> {
  const place = request.outputPath === undefined ? { directory: dirname(request.modelPath), stem: stemOf(request.modelPath), tag: plan.tag } : placeOf(resolve(request.outputPath));
  const path = await publishModel(model, { ...place, exact: request.outputPath !== undefined, source: request.modelPath, sourceState: request.sourceState, verify: async (written) => {
      reopen(written);
      await Promise.resolve();
    }, signal: request.signal });
  return { path, sha256: await sha256(path) };
}

/** A name that is asked for is taken as it is; `.onnx` is added where it lacks that. */
function placeOf(path: string): { directory: string; stem: string; tag: string } {
  const { dir, base } = parse(path);
  return { directory: dir, stem: base.replace(/\.onnx$/i, ''), tag: '' };
}

/**
 * Whether the file that was asked for can be made: known before the work, not after it.
 * @throws LatheError `not-found` where its folder is not there, `io` where its name is taken, `source-touched` where it is the source
 */
export async function assertOutput(modelPath: string, outputPath: string | undefined): Promise<void> {
  if (outputPath === undefined) return;
  const place = placeOf(resolve(outputPath));
  if (statSync(place.directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw new LatheError('not-found', "The output's folder does not exist.", { file: place.directory, hint: 'Make it first, or choose another.' });
  await assertNameFree({ ...place, source: modelPath });
}

function reopen(path: string): void {
  const model = openModel(path);
  try {
    assertValid(model);
  } finally {
    model.dispose();
  }
}
