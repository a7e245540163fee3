// The per-user cache of tools (Node 24, code-server, vsce): one folder per tool and version, whole or absent, shared by all checkouts.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for the slowest installation seen (code-server compiles native modules: 4 minutes on two cores). */
const lockPatience = 20 * 60_000;

/** Where the tools live: `MODEL_LATHE_CACHE`, else the platform's cache folder. */
export function cacheFolder() {
  if (process.env.MODEL_LATHE_CACHE) return path.resolve(process.env.MODEL_LATHE_CACHE);
  const home = os.homedir();
  if (process.platform === 'win32') return path.join(process.env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'model-lathe');
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches', 'model-lathe');
  return path.join(process.env.XDG_CACHE_HOME ?? path.join(home, '.cache'), 'model-lathe');
}

/**
 * The folder of a tool, filled by `fill(folder)` when it is not there yet. It is filled under another name and then
 * renamed, under a lock, so that a half-installed tool is never used and two checkouts do not install it twice.
 */
export async function cached(name, fill) {
  const folder = path.join(cacheFolder(), name);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(cacheFolder(), { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (fs.existsSync(folder)) return folder;
    sweep(name);
    const temporary = `${folder}.tmp-${process.pid}`;
    fs.mkdirSync(temporary);
    try {
      await fill(temporary);
      fs.renameSync(temporary, folder);
    } catch (error) {
      fs.rmSync(temporary, { recursive: true, force: true });
      throw error;
    }
    return folder;
  } finally {
    release();
  }
}

/** What interrupted installations of this tool left behind; called under its lock. */
function sweep(name) {
  for (const entry of fs.readdirSync(cacheFolder())) {
    if (entry.startsWith(`${name}.tmp-`)) fs.rmSync(path.join(cacheFolder(), entry), { recursive: true, force: true });
  }
}

/** Takes a lock file that holds our process id; one whose process is gone is taken over. */
async function lock(file) {
  const deadline = Date.now() + lockPatience;
  let told = false;
  for (;;) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => fs.rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(readIfThere(file));
    if (owner > 0 && !isAlive(owner)) {
      fs.rmSync(file, { force: true });
      continue;
    }
    if (Date.now() > deadline) throw new Error(`Another installation has held ${file} for ${lockPatience / 60_000} minutes; delete the file if none is running.`);
    if (!told) console.log(`Waiting for another installation to finish (${path.basename(file)}) …`);
    told = true;
    await sleep(500);
  }
}

function readIfThere(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/**
 * Runs a command to its end, its output kept and shown only when it fails (or as it comes with `show`).
 * @returns what it printed on stdout
 */
export async function run(command, args, { cwd, env = process.env, show = false, timeoutMs } = {}) {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'], timeout: timeoutMs });
  const out = [];
  const all = [];
  child.stdout?.on('data', (chunk) => out.push(chunk) && all.push(chunk));
  child.stderr?.on('data', (chunk) => all.push(chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${Buffer.concat(all).toString().split('\n').slice(-40).join('\n')}`);
  return Buffer.concat(out).toString();
}
