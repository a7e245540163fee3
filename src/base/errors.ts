// The one error type that crosses a process or a UI boundary, and the codes it may carry.

/** What went wrong, as a stable word that tests, JSON output and the editor rely on. */
export type ErrorCode =
  | 'usage' // the person's command or options are off
  | 'not-found' // a file is missing
  | 'not-a-model' // the bytes are something else (HTML page, zip, Git LFS pointer)
  | 'malformed' // the bytes break the format's rules
  | 'unsupported' // well-formed, but beyond what we do
  | 'invalid-model' // decodes, but breaks the IR's rules (cycle, duplicate, contradiction)
  | 'unsafe-path' // external data outside the model's folder, link, device
  | 'cache-link' // external data through a link of the Hugging Face cache: followed only when asked to
  | 'too-large' // over the memory or node budget
  | 'no-space' // the disk is full
  | 'io' // any other failure to read or write
  | 'source-touched' // the output would be the source, or the source changed meanwhile
  | 'runtime' // onnxruntime refused or failed
  | 'runner-died' // the runner process crashed
  | 'engine-died' // the engine process ended
  | 'timeout' // the watchdog's budget was spent
  | 'busy' // another benchmark is running
  | 'rejected' // a gate or acceptance failed
  | 'cancelled'
  | 'internal'; // a defect of ours

/** Where and how: everything a person needs to act on the error. */
export interface ErrorDetails {
  /** Path of the file concerned. */
  readonly file?: string;
  /** Node, tensor, field or byte offset concerned. */
  readonly item?: string;
  /** One sentence: what the person can do. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The plain form of a {@link LatheError}, as it travels over messages and `--json`. */
export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly file?: string;
  readonly item?: string;
  readonly hint?: string;
}

/** An error that says what happened, where, and what can be done. Nothing else crosses a boundary. */
export class LatheError extends Error {
  override readonly name = 'LatheError';
  readonly code: ErrorCode;
  readonly file?: string;
  readonly item?: string;
  readonly hint?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.file !== undefined) this.file = details.file;
    if (details.item !== undefined) this.item = details.item;
    if (details.hint !== undefined) this.hint = details.hint;
  }

  toJSON(): ErrorJson {
    return {
      code: this.code,
      message: this.message,
      ...(this.file === undefined ? {} : { file: this.file }),
      ...(this.item === undefined ? {} : { item: this.item }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }

  static fromJSON(json: ErrorJson): LatheError {
    return new LatheError(json.code, json.message, json);
  }
}

/** Turns whatever was thrown into a LatheError; file system errors get a sentence of their own. */
export function toLatheError(thrown: unknown, file?: string): LatheError {
  if (thrown instanceof LatheError) return thrown;
  const where = file === undefined ? {} : { file };
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const errno = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  switch (errno) {
    case 'ENOENT':
      return new LatheError('not-found', 'The file does not exist.', { ...where, cause: thrown });
    case 'ENOSPC':
      return new LatheError('no-space', 'The disk is full; nothing was kept of the unfinished file.', { ...where, cause: thrown });
    case 'EACCES':
    case 'EPERM':
      return new LatheError('io', 'The system refuses access to the file.', { ...where, cause: thrown });
    case 'EISDIR':
      return new LatheError('not-a-model', 'This is a folder, not a model file.', { ...where, cause: thrown });
    case undefined:
      return new LatheError('internal', error.message, { ...where, cause: thrown });
    default:
      return new LatheError('io', error.message, { ...where, cause: thrown });
  }
}
