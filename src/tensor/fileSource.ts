// Bytes that lie in a file: one handle per file, opened when something reads, and checked to be still the file it was.
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import type { Disposable } from '../base/disposable';
import { LatheError, toLatheError } from '../base/errors';
import type { TensorSource } from './tensor';

/** What tells one state of a file from another. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export function isSameState(a: FileIdentity, b: FileIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

export interface SourceFileOptions {
  /** When false, opening fails where the last part of the path is a symbolic link. */
  readonly followLinks: boolean;
}

interface Handle {
  fd: number | undefined;
}

/** Models with one file per tensor exist, of more files than a process may hold open (often 1,024); beyond this many the one read longest ago is closed. */
const maxOpenFiles = 64;
/** Open handles, the one read last at the end. */
const openHandles = new Set<Handle>();
const forgotten = new FinalizationRegistry<Handle>(close);

function close(handle: Handle): void {
  openHandles.delete(handle);
  if (handle.fd === undefined) return;
  closeSync(handle.fd);
  handle.fd = undefined;
}

/** Notes that a handle is read now. */
function touch(handle: Handle): void {
  openHandles.delete(handle);
  openHandles.add(handle);
  if (openHandles.size <= maxOpenFiles) return;
  const [oldest] = openHandles;
  if (oldest !== undefined) close(oldest);
}

/** A regular file read at random places. Closing is not final: a later read opens it again and checks that nothing changed. */
export class SourceFile implements Disposable {
  readonly size: number;
  readonly identity: FileIdentity;
  private readonly handle: Handle = { fd: undefined };

  /** @throws LatheError `not-found`, `io`, or `not-a-model` where the path is not a regular file. */
  constructor(
    readonly path: string,
    private readonly options: SourceFileOptions = { followLinks: true },
  ) {
    const stats = this.open();
    const { dev, ino, size, mtimeNs } = stats;
    this.identity = { dev, ino, size, mtimeNs };
    this.size = Number(stats.size);
    forgotten.register(this, this.handle);
  }

  /** Fills `target` from `offset`. @throws LatheError when the file ends before, or changed since it was first opened. */
  readInto(target: Uint8Array, offset: number): void {
    const fd = this.descriptor();
    let done = 0;
    while (done < target.byteLength) {
      let count: number;
      try {
        count = readSync(fd, target, done, target.byteLength - done, offset + done);
      } catch (thrown) {
        throw toLatheError(thrown, this.path);
      }
      if (count === 0) throw new LatheError('malformed', `The file ends at byte ${offset + done}, before the data that should be there.`, { file: this.path });
      done += count;
    }
  }

  /** The bytes `offset … offset + length` as a tensor source. */
  slice(offset: number, length: number): TensorSource {
    return new FileSource(this, offset, length);
  }

  dispose(): void {
    close(this.handle);
  }

  private descriptor(): number {
    if (this.handle.fd === undefined) {
      if (!isSameState(this.open(), this.identity)) {
        this.dispose();
        throw new LatheError('source-touched', 'The file changed after it was opened.', { file: this.path, hint: 'Open the model again.' });
      }
    }
    if (this.handle.fd === undefined) throw new LatheError('internal', 'The file is not open.', { file: this.path });
    touch(this.handle);
    return this.handle.fd;
  }

  private open(): BigIntStats {
    // O_NONBLOCK: opening a FIFO that was planted meanwhile must not wait for a writer.
    const flags = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK | (this.options.followLinks ? 0 : constants.O_NOFOLLOW));
    let fd: number;
    try {
      fd = openSync(this.path, flags);
    } catch (thrown) {
      throw toLatheError(thrown, this.path);
    }
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) {
      closeSync(fd);
      throw new LatheError('not-a-model', stats.isDirectory() ? 'This is a folder, not a model file.' : 'This is a pipe or device, not a file.', { file: this.path });
    }
    this.handle.fd = fd;
    touch(this.handle);
    return stats;
  }
}

/** Part of a {@link SourceFile}. */
export class FileSource implements TensorSource {
  readonly location: { readonly path: string; readonly offset: number };

  constructor(
    private readonly file: SourceFile,
    offset: number,
    readonly byteLength: number,
  ) {
    this.location = { path: file.path, offset };
  }

  read(offset = 0, length = this.byteLength - offset): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.byteLength - offset)));
    if (bytes.byteLength !== length) throw new LatheError('internal', `Bytes ${offset} … ${offset + length} lie outside a tensor of ${this.byteLength} bytes.`, { file: this.file.path });
    this.readInto(bytes, offset);
    return bytes;
  }

  readInto(target: Uint8Array, offset: number): void {
    if (offset < 0 || offset + target.byteLength > this.byteLength)
      throw new LatheError('internal', `Bytes ${offset} … ${offset + target.byteLength} lie outside a tensor of ${this.byteLength} bytes.`, { file: this.file.path });
    this.file.readInto(target, this.location.offset + offset);
  }
}
