// Memory of a runner: predicted before a model is loaded, watched while it works.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { type Disposable, onDispose } from '../base/disposable';
import { LatheError } from '../base/errors';

/** Part of the available memory that a runner may fill; the rest is for the editor and the person. */
const usableShare = 0.9;
/** onnxruntime keeps the weights and, while optimising and packing, a second copy of them. */
const copiesOfWeights = 2;
const watchIntervalMs = 200;

/** Bytes the system can still give without swapping. */
export function availableMemory(): number {
  try {
    const kilobytes = /MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  // Elsewhere free memory leaves out what the system would give back; half of all is a fair floor.
  return Math.max(freemem(), totalmem() / 2);
}

export function predictedMemory(weightBytes: number, activationBytes: number): number {
  return copiesOfWeights * weightBytes + activationBytes;
}

/** @throws LatheError `too-large` when the model cannot fit. */
export function guardMemory(fileBytes: number, activationBytes: number, budget: number | undefined, file: string | undefined): void {
  const predicted = predictedMemory(fileBytes, activationBytes);
  const allowed = budget ?? usableShare * availableMemory();
  if (predicted <= allowed) return;
  throw new LatheError('too-large', `Running this model would take about ${gigabytes(predicted)} of memory; ${gigabytes(allowed)} may be used.`, {
    ...(file === undefined ? {} : { file }),
    hint: 'Close other programs, bind smaller input dimensions, or run it on a machine with more memory.',
  });
}

/** @throws LatheError `too-large` when a run's activations cannot fit beside what the runner holds already */
export function guardActivations(activationBytes: number, pid: number | undefined, budget: number | undefined, file: string | undefined): void {
  const resident = pid === undefined ? 0 : (residentMemory(pid) ?? 0);
  const allowed = budget === undefined ? usableShare * availableMemory() : budget - resident;
  if (activationBytes <= allowed) return;
  throw new LatheError('too-large', `These inputs would take about ${gigabytes(activationBytes)} of memory while they run; ${gigabytes(Math.max(0, allowed))} may be used.`, {
    ...(file === undefined ? {} : { file }),
    hint: 'Bind smaller input dimensions, or run it on a machine with more memory.',
  });
}

/**
 * Resident bytes at which a runner is stopped, fixed when it starts: what it holds then and most of what the machine can give. What other
 * programs take later is not held against it.
 */
export function runnerBudget(resident: number, available = availableMemory()): number {
  return resident + usableShare * available;
}

/** Looks at a process's resident memory from outside (it cannot answer while it runs) and reports once when it outgrows its budget. */
export function watchMemory(pid: number | undefined, budget: number, exceeded: (error: LatheError) => void): Disposable {
  if (pid === undefined) return onDispose(() => undefined);
  const timer = setInterval(() => {
    const resident = residentMemory(pid);
    if (resident === undefined || resident <= budget) return;
    clearInterval(timer);
    exceeded(new LatheError('too-large', `The runner was stopped: it held ${gigabytes(resident)} of memory, and ${gigabytes(budget)} may be used.`, { hint: 'Bind smaller input dimensions, or run the model on a machine with more memory.' }));
  }, watchIntervalMs);
  timer.unref();
  return onDispose(() => clearInterval(timer));
}

const pageBytes = 4096;

/** Resident bytes of another process; undefined where the system does not say cheaply (Windows) or it is gone. */
export function residentMemory(pid: number): number | undefined {
  try {
    if (process.platform === 'linux') return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
    if (process.platform === 'darwin') return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
    return undefined;
  } catch {
    return undefined;
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;
}
