// The state of a source model with its external data, so that a result made from it can be refused when it changed meanwhile.
import { createHash } from 'node:crypto';
import { createReadStream, type BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { LatheError, toLatheError } from '../base/errors';
import { weightFiles } from './weightFiles';
import { readModel } from './open';

interface FileState {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Of files small enough to be read twice for it; others are told apart by the file system's times alone. */
  readonly sha256?: string;
}

export interface SourceState {
  /** The model's own file first, then those of its external data. */
  readonly files: readonly [FileState, ...FileState[]];
}

/** Hashing this much takes some tenths of a second. */
const hashedBytes = 256n * 2n ** 20n;

/** Notes the state of a model file and of the files its weights lie in. @throws LatheError when they cannot be read. */
export async function captureSource(path: string): Promise<SourceState> {
  const model = readModel(path, { externalData: 'allow-links' });
  try {
    const data = [...weightFiles(model)].filter((file) => file !== path);
    return { files: await Promise.all([stateOf(path), ...data.map(stateOf)]) };
  } finally {
    model.dispose();
  }
}

/** @throws LatheError `source-touched` where a file of the source is no longer what it was. */
export async function assertUntouched(state: SourceState): Promise<void> {
  for (const file of state.files) {
    const now = await statOf(file.path);
    if (now.ino === file.ino && now.dev === file.dev && now.size === file.size && now.mtimeNs === file.mtimeNs && now.ctimeNs === file.ctimeNs) continue;
    if (file.sha256 !== undefined && (await sha256(file.path)) === file.sha256) continue;
    throw new LatheError('source-touched', 'The source changed while the new model was made from it; the result was discarded.', { file: file.path, hint: 'Run it again on the new file.' });
  }
}

async function stateOf(path: string): Promise<FileState> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await statOf(path);
  return { path, dev, ino, size, mtimeNs, ctimeNs, ...(size <= hashedBytes ? { sha256: await sha256(path) } : {}) };
}

async function statOf(path: string): Promise<BigIntStats> {
  try {
    return await stat(path, { bigint: true });
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
}

/** Hex SHA-256 of a file, streamed. @throws LatheError `not-found` or `io` */
export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) if (chunk instanceof Uint8Array) hash.update(chunk);
  } catch (thrown) {
    throw toLatheError(thrown, path);
  }
  return hash.digest('hex');
}
