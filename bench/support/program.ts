// Runs a program of ours in a process of its own and says what it cost: wall time, CPU time, peak memory.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Peak resident set size, in units of 10⁶ bytes. */
  readonly peakMb: number;
  readonly stdout: string;
  readonly exitCode: number;
}

/** The checkout, seen from dist/tools/bench/<name>.js. */
export const root = join(__dirname, '..', '..', '..');

export const lathe = join(root, 'dist', 'cli.js');

/** A folder of this run that is gone when the process ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'model-lathe-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs Node on a script.
 * @throws Error with its output when it ends with a code that is not among `accepted`
 */
export async function runProgram(args: readonly string[], { accepted = [0] }: { accepted?: readonly number[] } = {}): Promise<Cost> {
  const usage = mkdtempSync(join(tmpdir(), 'model-lathe-usage-'));
  try {
    const start = performance.now();
    const child = spawn(process.execPath, ['--require', join(root, 'bench', 'support', 'usage.cjs'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BENCH_USAGE: usage },
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? -1));
    });
    const seconds = (performance.now() - start) / 1000;
    if (!accepted.includes(exitCode)) throw new Error(`${args.join(' ')} ended with ${exitCode}:\n${Buffer.concat([...stdout, ...stderr]).toString().slice(-3000)}`);
    const { cpuSeconds, peakMb } = JSON.parse(readFileSync(join(usage, `${child.pid ?? 0}.json`), 'utf8')) as Pick<Cost, 'cpuSeconds' | 'peakMb'>;
    return { seconds, cpuSeconds, peakMb, stdout: Buffer.concat(stdout).toString(), exitCode };
  } finally {
    rmSync(usage, { recursive: true, force: true });
  }
}

/** The run with the least wall time of several: what the machine can do when nobody disturbs it. */
export async function bestOf(runs: number, args: readonly string[], options?: { accepted?: readonly number[] }): Promise<Cost> {
  let best = await runProgram(args, options);
  for (let i = 1; i < runs; i++) {
    const next = await runProgram(args, options);
    if (next.seconds < best.seconds) best = next;
  }
  return best;
}
