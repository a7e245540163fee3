// Writes new files for the writers of all formats: pieces from memory and from tensors, a few megabytes at a time, flushed to the disk.
import { open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkpoint } from '../base/cancellation';
import { LatheError } from '../base/errors';
import type { TensorSource } from '../tensor/tensor';

export interface OutputOptions {
  readonly signal?: AbortSignal;
  /** Opens a file for writing; replaced by tests that make the disk fail. */
  readonly openOutput?: OpenOutput;
}

/** What the writer needs of a file handle. */
export interface OutputFile {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a new file; fails where the path is taken. */
export type OpenOutput = (path: string) => Promise<OutputFile>;

/** Bytes, or where they are to be read from. */
export type OutputPiece = Uint8Array | TensorSource;

const chunkBytes = 8 * 2 ** 20;

/** @throws LatheError `no-space` where the disk has not as much left as will be written. */
export async function checkSpace(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const free = bavail * bsize;
  if (free < bytes) throw new LatheError('no-space', `The new model takes ${bytes} bytes, but the disk has only ${free} left.`, { file: path, hint: 'Make room, or write to another disk.' });
}

/** Writes the pieces to a new file, small ones gathered, large ones chunk by chunk, and flushes it to the disk; the file is added to `files` once it is made. */
export async function writeFresh(path: string, files: string[], options: OutputOptions, pieces: Iterable<OutputPiece>): Promise<void> {
  const { signal } = options;
  const handle = await (options.openOutput?.(path) ?? open(path, 'wx'));
  files.push(path);
  try {
    const output = new GatheringOutput(handle);
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) await output.write(piece);
      else
        for (let at = 0; at < piece.byteLength; at += chunkBytes) {
          if (signal !== undefined && piece.byteLength > chunkBytes) await checkpoint(signal);
          await output.write(piece.read(at, Math.min(chunkBytes, piece.byteLength - at)));
        }
      if (signal?.aborted === true) await checkpoint(signal);
    }
    await output.flush();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Collects small writes into one buffer, so that 50,000 scalars are not 50,000 system calls. */
class GatheringOutput {
  private readonly buffer = Buffer.alloc(2 ** 20);
  private filled = 0;

  constructor(private readonly handle: OutputFile) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (this.filled + bytes.byteLength > this.buffer.byteLength) await this.flush();
    if (bytes.byteLength >= this.buffer.byteLength / 4) {
      await this.flush();
      await writeAll(this.handle, bytes);
      return;
    }
    this.buffer.set(bytes, this.filled);
    this.filled += bytes.byteLength;
  }

  async flush(): Promise<void> {
    await writeAll(this.handle, this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }
}

async function writeAll(handle: OutputFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done);
    done += bytesWritten;
  }
}
