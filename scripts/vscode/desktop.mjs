// Desktop VS Code: one that @vscode/test-electron has or can fetch, where there is a display; undefined where it cannot be had.
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import path from 'node:path';
import { cacheFolder } from './cache.mjs';

const releases = 'https://update.code.visualstudio.com/api/releases/stable';
/** Long enough for a slow connection, short enough not to be noticed where there is none. */
const probeTimeout = 5_000;

/** True where a window can be shown. */
export function hasDisplay() {
  if (process.platform !== 'linux') return true;
  return [process.env.DISPLAY, process.env.WAYLAND_DISPLAY].some((value) => value !== undefined && value !== '');
}

/**
 * The executable of a desktop VS Code. `MODEL_LATHE_VSCODE` overrides the choice: a path, or `server` for code-server.
 */
export async function findDesktop() {
  const chosen = process.env.MODEL_LATHE_VSCODE;
  if (chosen === 'server') return undefined;
  if (chosen !== undefined && chosen !== '') return chosen;
  if (!hasDisplay()) return undefined;
  try {
    const response = await fetch(releases, { signal: AbortSignal.timeout(probeTimeout) });
    if (!response.ok) return undefined;
    return await downloadAndUnzipVSCode({ version: 'stable', cachePath: path.join(cacheFolder(), 'vscode-desktop') });
  } catch (error) {
    console.log(`Desktop VS Code cannot be fetched here (${error instanceof Error ? error.message : error}); using code-server.`);
    return undefined;
  }
}
