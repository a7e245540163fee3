// Gzip whose contents say how large they are: unpacked only as far as they announce, so that no bomb goes off.
import { constants, gunzipSync } from 'node:zlib';
import { LatheError } from '../../../base/errors';

/** Enough for any header read here; at gzip's best ratio (1 : 1032) this much unpacks to 4 MB. */
const firstBytes = 4096;

/** The first unpacked bytes. @throws LatheError `malformed` */
export function gunzipHead(bytes: Uint8Array, file: string): Buffer {
  try {
    return gunzipSync(bytes.subarray(0, firstBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}

/** Everything. @throws LatheError `malformed` when it is cut off, damaged or more than `most` bytes */
export function gunzipAtMost(bytes: Uint8Array, most: number, file: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, most) });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new LatheError('malformed', 'The file unpacks to more than its header announces.', { file, cause: thrown });
    throw unreadable(file, thrown);
  }
}

function unreadable(file: string, cause: unknown): LatheError {
  return new LatheError('malformed', 'The file is not readable as gzip; it may be cut off.', { file, cause });
}
