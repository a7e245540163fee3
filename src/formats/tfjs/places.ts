// Where nodes, layers and weights stand in model.json, by line and character: what the file's reader noted, read again for the few that are asked for.
import { LatheError } from '../../base/errors';
import type { Model } from '../../graph/model';
import type { TextRange } from '../../protocol/engine';
import { isSameState, SourceFile } from '../../tensor/fileSource';
import { field, isObject } from './context';
import { tfjsContents } from './contents';

/**
 * Ranges of the JSON objects of the nodes, layers and weights so named; names that stand nowhere are left out, as are the
 * second calls of shared layers. Characters are counted as editors count them, in UTF-16.
 * @throws LatheError `source-touched` where the file is no longer the one that was read
 */
export function placesInJson(model: Model, names: ReadonlySet<string>): Map<string, TextRange> {
  const ranges = tfjsContents(model)?.ranges;
  if (ranges === undefined || model.path === undefined || names.size === 0) return new Map();
  const bytes = readAgain(model, model.path);
  const found = new Map<string, readonly [start: number, end: number]>();
  const nameAt = (start: number, end: number): string | undefined => {
    const value: unknown = JSON.parse(bytes.toString('utf8', start, end));
    if (!isObject(value)) return undefined;
    const config = field(value, 'config');
    const name = field(value, 'name') ?? (isObject(config) ? field(config, 'name') : undefined);
    return typeof name === 'string' ? name : undefined;
  };
  const visit = (list: string, prefix: string): void => {
    const places = ranges.get(list) ?? [];
    for (let i = 0; i + 1 < places.length; i += 2) {
      const [start = 0, end = 0] = [places[i], places[i + 1]];
      const name = nameAt(start, end);
      if (name === undefined) continue;
      const nested = [`${list}.${i / 2}.config.layers`, `${list}.${i / 2}.config`].find((path) => ranges.has(path));
      if (nested !== undefined) visit(nested, `${prefix}${name}/`);
      else if (names.has(prefix + name) && !found.has(prefix + name)) found.set(prefix + name, [start, end]);
    }
  };
  for (const list of ['modelTopology.node', ...layerLists].filter((path) => ranges.has(path))) visit(list, '');
  if (found.size < names.size) for (const list of ranges.keys()) if (/^weightsManifest\.\d+\.weights$/.test(list)) visit(list, '');
  return inLines(bytes, found);
}

/** Where the layers of a Keras model stand: a list of its own in the newer files, the configuration itself in the oldest. */
const layerLists = ['modelTopology.model_config', 'modelTopology'].flatMap((model) => (['config.layers', 'config'] as const).map((list) => `${model}.${list}`));

function readAgain(model: Model, path: string): Buffer {
  const file = new SourceFile(path);
  try {
    if (model.file !== undefined && !isSameState(file.identity, model.file)) throw new LatheError('source-touched', 'The file changed after it was opened.', { file: path, hint: 'Open the model again.' });
    const bytes = Buffer.alloc(file.size);
    file.readInto(bytes, 0);
    return bytes;
  } finally {
    file.dispose();
  }
}

/** Byte ranges as lines and characters, in one pass over the file. */
function inLines(bytes: Buffer, found: ReadonlyMap<string, readonly [start: number, end: number]>): Map<string, TextRange> {
  const offsets = [...new Set([...found.values()].flat())].sort((a, b) => a - b);
  const positions = new Map<number, { readonly line: number; readonly character: number }>();
  let line = 0;
  let lineStart = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0; // editors do not show the byte order mark
  let character = 0;
  let counted = lineStart;
  for (const offset of offsets) {
    for (let next = bytes.indexOf(0x0a, counted); next !== -1 && next < offset; next = bytes.indexOf(0x0a, counted)) {
      line++;
      lineStart = counted = next + 1;
      character = 0;
    }
    character += bytes.toString('utf8', counted, offset).length;
    counted = offset;
    positions.set(offset, { line, character });
  }
  return new Map(
    [...found].flatMap(([name, [start, end]]) => {
      const from = positions.get(start);
      const to = positions.get(end);
      return from === undefined || to === undefined ? [] : [[name, { line: from.line, character: from.character, endLine: to.line, endCharacter: to.character }] as const];
    }),
  );
}
