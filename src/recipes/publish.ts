// Publishes the accepted model: a new file beside the source (or where asked), whole or not at all.
import { dirname, parse, resolve } from 'node:path';
import { LatheError } from '../base/errors';
import { openModel } from '../formats/open';
import { publishModel } from '../formats/publish';
import { assertValid } from '../graph/verify';
import type { Model } from '../graph/model';
import type { CandidatePlan } from './candidates';
import { sha256 } from './source';
import { stemOf } from './report';

export interface PublishRequest {
  readonly modelPath: string;
  readonly outputPath: string | undefined;
  /** Hash of the source when it was read. */
  readonly sourceHash: string;
  readonly signal: AbortSignal;
}

/**
 * Writes, reopens, verifies and publishes a model.
 * @throws LatheError `source-touched` when the source changed meanwhile or is the output; `io`, `no-space`, `cancelled`
 */
export async function publishWinner(model: Model, plan: Pick<CandidatePlan, 'tag'>, request: PublishRequest): Promise<{ path: string; sha256: string }> {
  if ((await sha256(request.modelPath)) !== request.sourceHash)
    throw new LatheError('source-touched', 'The source changed while it was being optimized; nothing was written.', { file: request.modelPath, hint: 'Run it again on the new file.' });
  const place = request.outputPath === undefined ? { directory: dirname(request.modelPath), stem: stemOf(request.modelPath), tag: plan.tag } : placeOf(resolve(request.outputPath));
  const path = await publishModel(model, { ...place, exact: request.outputPath !== undefined, source: request.modelPath, verify: async (written) => {
      reopen(written);
      await Promise.resolve();
    }, signal: request.signal });
  return { path, sha256: await sha256(path) };
}

/** `out/model.int8.onnx` → folder, `model`, `int8`; a name without a second part has an empty tag. */
function placeOf(path: string): { directory: string; stem: string; tag: string } {
  const { dir, name } = parse(path);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? { directory: dir, stem: name, tag: '' } : { directory: dir, stem: name.slice(0, dot), tag: name.slice(dot + 1) };
}

function reopen(path: string): void {
  const model = openModel(path);
  try {
    assertValid(model);
  } finally {
    model.dispose();
  }
}
