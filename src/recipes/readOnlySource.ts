// Models of the Hugging Face cache are only read: what is made from them goes elsewhere, their reports with it.
import { realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { LatheError } from '../base/errors';
import { hubCacheFolder } from '../base/hubCache';
import { reportFolder } from './report';

/**
 * The folder that an optimization's report goes to: beside the model, of a model in the cache beside the result.
 * @throws LatheError `usage` where the model lies in the cache and the result would too.
 */
export function placeOfReports(modelPath: string, outputPath: string | undefined): string {
  const cache = hubCacheFolder(resolve(modelPath));
  if (cache === undefined) return reportFolder(modelPath);
  if (outputPath === undefined || isInside(outputPath, cache)) throw new LatheError('usage', 'The model lies in the Hugging Face cache, which is only read: the result needs another place.', { file: modelPath, hint: 'Name a file outside of the cache with -o, or as "output" in the recipe.' });
  return reportFolder(resolve(outputPath));
}

/** Whether a file lies, or would lie, in a folder, whatever links lead there. */
function isInside(path: string, folder: string): boolean {
  return `${realFolder(dirname(resolve(path)))}${sep}`.startsWith(`${realFolder(folder)}${sep}`) || hubCacheFolder(resolve(path)) !== undefined;
}

/** The folder without links, as far as it exists. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const above = dirname(folder);
    return above === folder ? folder : resolve(realFolder(above), folder.slice(above.length).replace(/^[/\\]/, ''));
  }
}
