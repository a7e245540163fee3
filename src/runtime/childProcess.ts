// Starting the runner child: its script, its environment, its own Node or another one found on the machine.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { LatheError } from '../base/errors';
import type { RunnerHello } from './messages';

/** Where this code runs: beside the other bundles, or from the sources under test. */
const here = import.meta.dirname;

/** The built runner: `runner.js` beside the running bundle, else in the repository's `dist/` (benchmarks run from `dist/tools/bench`). @throws LatheError `internal` when it was not built. */
export function runnerScript(): string {
  const candidates = [join(here, 'runner.js'), resolve(here, '../../dist/runner.js'), resolve(here, '../dist/runner.js'), resolve(here, '../../runner.js')];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new LatheError('internal', 'dist/runner.js is missing.', { hint: 'Run `npm run build`.' });
  return found;
}

/**
 * glibc settings: without them every large feed and output is mapped and unmapped anew, which costs more than the copy.
 * 32 MB is the largest threshold older glibc accepts.
 */
const allocator = { MALLOC_MMAP_THRESHOLD_: String(32 << 20), MALLOC_TRIM_THRESHOLD_: String(1 << 30), MALLOC_TOP_PAD_: String(16 << 20) };

/** What would bring the parent's debugger, module hooks or channel into the runner. */
const notInherited = new Set(['NODE_OPTIONS', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']);

/** onnxruntime's binaries hold a telemetry client: left on, it keeps an event database in the home folder and looks up its collector. */
const silence = { ORT_DISABLE_TELEMETRY: '1' };

function childEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !notInherited.has(name));
  return { ...Object.fromEntries(inherited), ...allocator, ...silence, ELECTRON_RUN_AS_NODE: '1' };
}

export interface StartedChild {
  readonly process: ChildProcess;
  readonly hello: RunnerHello;
  /** The last of what the child wrote to stderr: where a crash explains itself. */
  readonly stderrTail: () => string;
}

const tailLength = 4096;

/**
 * Forks the runner and waits for its self-test.
 * @throws LatheError `runtime` when it dies, fails its test or says nothing in time.
 */
export async function startChild(execPath: string, script: string, startTimeoutMs: number): Promise<StartedChild> {
  const child = fork(script, [], { execPath, execArgv: [], env: childEnvironment(), serialization: 'advanced', stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let tail = '';
  child.stdout?.resume();
  child.stderr?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-tailLength)));
  try {
    const hello = await new Promise<RunnerHello>((accept, refuse) => {
      const timer = setTimeout(() => refuse(new Error(`it said nothing for ${startTimeoutMs / 1000} s`)), startTimeoutMs);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        child.off('error', onError).off('close', onClose).off('message', onMessage);
        act();
      };
      const onError = (error: Error) => settle(() => refuse(error));
      // Not 'exit': what it said on stderr has come by now.
      const onClose = (code: number | null, signal: string | null) => settle(() => refuse(new Error(`it ended at once (${signal ?? `exit code ${code}`})`)));
      const onMessage = (message: unknown) => settle(() => accept(message as RunnerHello));
      child.on('error', onError).on('close', onClose).on('message', onMessage);
    });
    if (hello.problem !== undefined) throw new Error(`its self-test failed: ${hello.problem}`);
    return { process: child, hello, stderrTail: () => tail };
  } catch (thrown) {
    child.on('error', () => undefined);
    child.kill('SIGKILL');
    throw startFailure(execPath, thrown instanceof Error ? thrown.message : String(thrown), tail);
  }
}

function startFailure(execPath: string, reason: string, stderr: string): LatheError {
  if (/Cannot find module '[^']*onnxruntime_binding\.node'/.test(stderr))
    return new LatheError('unsupported', `onnxruntime has no binary for ${process.platform}-${process.arch}: models can be viewed and changed here, but not run.`, { item: execPath });
  const line = /^(?:\w*Error|.*error while loading.*):? .*$/m.exec(stderr)?.[0];
  return new LatheError('runtime', `The runner did not start under ${execPath}: ${reason}${line === undefined ? '' : ` (${line})`}.`, {
    item: execPath,
    hint: 'Set modelLathe.nodePath (or LATHE_NODE) to a Node of version 20 or later.',
  });
}

/** Nodes on the PATH other than the given one, in its order. */
export function nodesOnPath(except: string): string[] {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '').map((folder) => join(folder, name));
  return [...new Set(found)].filter((path) => path !== except && dirname(path) !== dirname(except) && existsSync(path));
}
