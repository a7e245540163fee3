// Hands a page the models it benchmarks itself: what they are, then their bytes in pieces. The page cannot read files, so that it reads no others.
import { open } from 'node:fs/promises';
import { LatheError } from '../base/errors';
import type { PageModelSource } from '../protocol/pageBenchmark';
import type { ToModelView } from '../protocol/view';
import { requireTrust } from './host';
import type { OpenModel } from './openModel';

/** Bytes in one message. */
const pieceBytes = 8 << 20;

/**
 * @param send false when the page is gone or has given up
 * @throws LatheError `cancelled` without trust, `io` for a file that changed, or as the engine
 */
export async function sendPageModels(model: OpenModel, run: number, send: (message: ToModelView) => Promise<boolean>): Promise<void> {
  await requireTrust();
  const { models, noTwin } = await model.withDocument(async (engine, document) => await engine.request('model/forPage', { document, bindings: model.bindings }));
  const told = models.map(({ runtime, fileBytes, inputs }) => ({ runtime, fileBytes, inputs }));
  if (!(await send({ type: 'pageModels', run, models: told, ...(noTwin === undefined ? {} : { noTwin }) }))) return;
  for (const [i, { files, fileBytes }] of models.entries())
    for (const [j, file] of files.entries())
      for await (const { offset, bytes } of pieces(file, fileBytes[j] ?? 0)) if (!(await send({ type: 'pageBytes', run, model: i, file: j, offset, bytes }))) return;
}

/** A file in pieces, each in a buffer of its own. */
async function* pieces(file: PageModelSource['files'][number], byteLength: number): AsyncGenerator<{ readonly offset: number; readonly bytes: Uint8Array }> {
  const sizeAt = (offset: number): number => Math.min(pieceBytes, byteLength - offset);
  if (typeof file !== 'string') {
    for (let offset = 0; offset < byteLength; offset += pieceBytes) yield { offset, bytes: new Uint8Array(file.subarray(offset, offset + sizeAt(offset))) };
    return;
  }
  const handle = await open(file, 'r');
  try {
    for (let offset = 0; offset < byteLength; offset += pieceBytes) {
      const bytes = new Uint8Array(sizeAt(offset));
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesRead } = await handle.read(bytes, done, bytes.byteLength - done, offset + done);
        if (bytesRead === 0) throw new LatheError('io', 'The file became shorter while it was read.', { file });
        done += bytesRead;
      }
      yield { offset, bytes };
    }
  } finally {
    await handle.close();
  }
}
