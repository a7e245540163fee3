// Tensors whose bytes lie in another file: only a plain file inside the model's own folder is ever opened.
// Source: onnx.proto3, TensorProto.external_data; the ONNX external data specification.
import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Disposable } from '../../base/disposable';
import { LatheError } from '../../base/errors';
import { hubCacheFolder } from '../../base/hubCache';
import { SourceFile } from '../../tensor/fileSource';
import type { TensorSource } from '../../tensor/tensor';
import { showName } from './utf8';

/**
 * `contained`: plain files below the model's folder. `cache-links`: symbolic links too where model and target lie in one
 * model's folder of the Hugging Face cache. `allow-links`: any symbolic and hard links.
 */
export type ExternalDataPolicy = 'contained' | 'cache-links' | 'allow-links';

const knownKeys = new Set(['location', 'offset', 'length', 'checksum']);

export class ExternalData implements Disposable {
  private readonly files = new Map<string, SourceFile | undefined>();
  private readonly folder: string;
  /** The folder of the Hugging Face cache that the model lies in. */
  private readonly cache: string | undefined;

  constructor(
    private readonly modelPath: string,
    private readonly policy: ExternalDataPolicy,
    /** What the files hold, in the words of the format. */
    private readonly what = 'External data',
  ) {
    this.folder = dirname(modelPath);
    this.cache = hubCacheFolder(modelPath);
  }

  /** The external files met so far. */
  get paths(): string[] {
    return [...this.files.values()].flatMap((file) => (file === undefined ? [] : [file.path]));
  }

  /** Bytes of the external files met so far. */
  get byteLength(): number {
    return [...this.files.values()].reduce((sum, file) => sum + (file?.size ?? 0), 0);
  }

  /**
   * The source for `external_data` entries of a tensor of `expected` bytes.
   * A file that is not there gives a warning and a source that fails when read: the structure can still be looked at.
   * @throws LatheError `unsafe-path`, `cache-link` or `malformed`.
   */
  resolve(entries: readonly (readonly [string, string])[], expected: number, tensor: string, warn: (code: string, message: string) => void): TensorSource {
    const fields = new Map<string, string>();
    for (const [key, value] of entries) {
      if (!knownKeys.has(key)) throw this.malformed(tensor, `The external data has the unknown key "${showName(key)}".`);
      if (fields.has(key)) throw this.malformed(tensor, `The external data has the key "${key}" twice.`);
      fields.set(key, value);
    }
    const location = fields.get('location') ?? '';
    const offset = this.bytes(fields.get('offset'), 'offset', tensor) ?? 0;
    const length = this.bytes(fields.get('length'), 'length', tensor) ?? expected;
    if (length !== expected) throw this.malformed(tensor, `The external data is ${length} bytes long, but the tensor needs ${expected}.`);
    const file = this.open(location, tensor, warn);
    if (file === undefined) return new MissingSource(join(this.folder, location), expected);
    if (offset + length > file.size) throw this.malformed(tensor, `The external data should lie at bytes ${offset} … ${offset + length}, but ${showName(location)} has ${file.size}.`);
    return file.slice(offset, length);
  }

  dispose(): void {
    for (const file of this.files.values()) file?.dispose();
  }

  private bytes(text: string | undefined, key: string, tensor: string): number | undefined {
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value)) throw this.malformed(tensor, `The external data has the ${key} "${showName(text, 40)}", which is not a number of bytes.`);
    return value;
  }

  /**
   * The file at `location`; undefined, after a warning, where there is none. `tensor` names in errors what asked for it.
   * @throws LatheError `unsafe-path` or `cache-link`.
   */
  open(location: string, tensor: string, warn: (code: string, message: string) => void): SourceFile | undefined {
    if (this.files.has(location)) return this.files.get(location);
    const path = this.check(location, tensor);
    const file = path === undefined ? undefined : new SourceFile(path, { followLinks: this.policy === 'allow-links' });
    if (file === undefined) warn('missing-external-data', `The file ${showName(location)} with the weights is missing: the model can be looked at, but not run.`);
    this.files.set(location, file);
    return file;
  }

  /** The checked absolute path; undefined where nothing is there. */
  private check(location: string, tensor: string): string | undefined {
    const parts = location.split(/[/\\]/);
    if (location === '' || location.includes('\0')) throw this.unsafe(tensor, location, 'names no file');
    if (/^[A-Za-z][A-Za-z0-9+.-]+:\/\//.test(location)) throw this.unsafe(tensor, location, 'is an address on a network');
    if (/^[A-Za-z]:/.test(location)) throw this.unsafe(tensor, location, 'names a drive');
    if (/^[/\\]/.test(location)) throw this.unsafe(tensor, location, 'is an absolute or network path');
    if (parts.includes('..')) throw this.unsafe(tensor, location, "leaves the model's folder");
    let path = this.folder;
    for (const [i, part] of parts.entries()) {
      if (part === '' || part === '.') continue;
      path = join(path, part);
      const stats = lstatOrUndefined(path);
      if (stats === undefined) return undefined;
      const last = i === parts.length - 1;
      if (stats.isSymbolicLink() && this.policy !== 'allow-links') this.checkLink(tensor, location, path);
      const real = stats.isSymbolicLink() ? statOrUndefined(path) : stats;
      if (real === undefined) return undefined;
      if (!last && !real.isDirectory()) throw this.unsafe(tensor, location, 'goes through something that is not a folder');
      if (last && !real.isFile()) throw this.unsafe(tensor, location, real.isDirectory() ? 'is a folder' : 'is a pipe or device, not a file');
      if (last && real.nlink > 1 && this.policy !== 'allow-links')
        throw this.unsafe(tensor, location, 'is a hard link: the same file has another name elsewhere', 'Put a copy of the file in its place.');
    }
    if (this.policy === 'allow-links') return path;
    // What was checked is what is opened: the target itself, no link to it.
    const real = realpathSync(path);
    if (!isInside(real, this.folder) && !(this.policy === 'cache-links' && this.cache !== undefined && isInside(real, this.cache))) throw this.unsafe(tensor, location, "leaves the model's folder");
    return this.policy === 'cache-links' ? real : path;
  }

  /** A link is followed where the person allowed it, and only to a file of the same model in the Hugging Face cache. */
  private checkLink(tensor: string, location: string, path: string): void {
    if (this.cache === undefined) throw this.unsafe(tensor, location, 'is or goes through a symbolic link', 'Copy the file it points to beside the model.');
    // Of a link to nothing, nothing is opened: its file is missing, as after a download that was broken off.
    if (statOrUndefined(path) !== undefined && !isInside(realpathSync(path), this.cache)) throw this.unsafe(tensor, location, "is a symbolic link that leaves the model's folder of the Hugging Face cache", 'Copy the file it points to beside a copy of the model.');
    if (this.policy === 'cache-links') return;
    throw new LatheError('cache-link', `The ${this.what.toLowerCase()} path "${showName(location)}" is a symbolic link, as the Hugging Face cache keeps its files.`, {
      file: this.modelPath,
      item: showName(tensor),
      hint: 'At the command line, --follow-cache-links opens the model read-only (results go elsewhere, with -o). Or copy its folder with links followed (cp -rL).',
    });
  }

  private unsafe(tensor: string, location: string, what: string, hint = `${this.what} must be a plain file in the model's folder or below.`): LatheError {
    return new LatheError('unsafe-path', `The ${this.what.toLowerCase()} path "${showName(location)}" ${what}.`, { file: this.modelPath, item: showName(tensor), hint });
  }

  private malformed(tensor: string, what: string): LatheError {
    return new LatheError('malformed', what, { file: this.modelPath, item: showName(tensor) });
  }
}

/** Stands for bytes in a file that is not there. */
class MissingSource implements TensorSource {
  constructor(
    private readonly path: string,
    readonly byteLength: number,
  ) {}

  read(): Uint8Array {
    throw new LatheError('not-found', 'The file with the weights is missing.', { file: this.path, hint: 'Put it beside the model file and open the model again.' });
  }
}

function lstatOrUndefined(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Whether a resolved path lies in a folder, links of the folder's own path followed. */
function isInside(real: string, folder: string): boolean {
  return `${real}${sep}`.startsWith(`${realpathSync(folder)}${sep}`);
}

function statOrUndefined(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
