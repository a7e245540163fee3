// The built command line, run as a person or a script runs it.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function lathe(...args: string[]): Outcome {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' });
}

/** The command line while it runs. */
export function spawnLathe(...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The error that a command with `--json` ended with. */
export function latheError(...args: string[]): { readonly status: number | null; readonly error: unknown } {
  const { status, stdout } = lathe(...args, '--json');
  return { status, error: (JSON.parse(stdout) as { readonly error?: unknown }).error };
}
