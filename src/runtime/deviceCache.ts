// This machine's measured rates, kept in the user's cache folder so that they are measured once.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeMachine } from './machine';
import { defaultThreads } from './sessionOptions';

/** Rates of the CPU provider on this machine with the given threads. */
export interface MeasuredDevice {
  readonly name: string;
  readonly threads: number;
  /** Floating-point operations per second: a multiply-add counts as two. */
  readonly flopsPerSecond: number;
  /** The same for int8 matrix products. */
  readonly int8OpsPerSecond: number;
  /** Bytes moved to and from memory per second. */
  readonly bytesPerSecond: number;
  /** Least milliseconds of one kernel. */
  readonly kernelMs: number;
  readonly onnxruntime: string;
}

/** The folder of the user where caches lie. */
export function cacheFolder(): string {
  return process.env['XDG_CACHE_HOME'] ?? (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : process.platform === 'win32' ? (process.env['LOCALAPPDATA'] ?? homedir()) : join(homedir(), '.cache'));
}

/** Where the figures are kept. */
export function deviceCachePath(): string {
  return join(cacheFolder(), 'model-lathe', 'device.json');
}

/** The figures measured earlier on this machine with these threads; undefined when there are none. Reads one small file. */
export function knownDevice(threads = defaultThreads, cachePath = deviceCachePath()): MeasuredDevice | undefined {
  const { cpu } = describeMachine({ node: '', onnxruntime: '' });
  return readCache(cachePath).find((device) => device.name === cpu && device.threads === threads);
}

function readCache(path: string): MeasuredDevice[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(parsed) ? parsed.filter(isDevice) : [];
  } catch {
    return [];
  }
}

const numbers = ['threads', 'flopsPerSecond', 'int8OpsPerSecond', 'bytesPerSecond', 'kernelMs'] as const satisfies readonly (keyof MeasuredDevice)[];

function isDevice(value: unknown): value is MeasuredDevice {
  if (typeof value !== 'object' || value === null) return false;
  const device = value as Partial<Record<keyof MeasuredDevice, unknown>>;
  return typeof device.name === 'string' && typeof device.onnxruntime === 'string' && numbers.every((key) => typeof device[key] === 'number' && device[key] > 0);
}

/** Keeps a machine's figures for later processes. */
export function rememberDevice(device: MeasuredDevice, path = deviceCachePath()): void {
  const devices = [...readCache(path).filter((other) => other.name !== device.name || other.threads !== device.threads), device];
  try {
    mkdirSync(dirname(path), { recursive: true });
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, JSON.stringify(devices, undefined, 2));
    renameSync(aside, path);
  } catch {
    // Without a cache the figures are measured again next time.
  }
}
