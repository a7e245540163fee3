// Debian packages the set-up needs: checked by what they provide, installed with apt where we are root, else named in a sentence.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './cache.mjs';

const toCompile = 'code-server compiles two native modules';

/** Package → how to tell that what it provides is there. */
const packages = {
  'build-essential': { present: () => onPath('g++') && onPath('make'), why: toCompile },
  python3: { present: () => onPath('python3'), why: toCompile },
  'pkg-config': { present: () => onPath('pkg-config'), why: toCompile },
  'libkrb5-dev': { present: () => onPath('krb5-config'), why: toCompile },
  'libxkbfile-dev': { present: () => fs.existsSync('/usr/include/X11/extensions/XKBfile.h'), why: toCompile },
  chromium: { present: () => findChromium() !== undefined, why: 'the browser tests and screenshots run in it' },
};

const browserNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge'];
const browserPaths = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** The full path of a command, undefined where there is none. */
export function onPath(name) {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const candidate of names) {
      const file = path.join(folder, candidate);
      if (folder !== '' && fs.existsSync(file)) return file;
    }
  }
  return undefined;
}

/** A Chrome-like browser: `CHROME_PATH`, else one found in the usual places. */
export function findChromium() {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== '') return named;
  return browserNames.map(onPath).find((file) => file !== undefined) ?? browserPaths.find((file) => fs.existsSync(file));
}

/** Makes sure that the named Debian packages (or what they provide) are there. @throws Error with what to do */
export async function ensurePackages(names) {
  const missing = names.filter((name) => !packages[name].present());
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  const needs = missing.map((name) => `${name} (${packages[name].why})`).join(', ');
  const debian = process.platform === 'linux' && onPath('apt-get') !== undefined;
  if (!debian) throw new Error(`Missing: ${needs}. Install ${missing.length > 1 ? 'them' : 'it'} and run this again.`);
  if (process.getuid() !== 0) throw new Error(`Missing: ${needs}. Run "sudo apt-get update && sudo ${command}" and then this again.`);
  console.log(`Installing ${missing.join(', ')} with apt …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', command.split(' ').slice(1), { env });
}

/** A Chrome-like browser, installed with apt where it may be. @throws Error with what to do */
export async function ensureChromium() {
  await ensurePackages(['chromium']);
  return findChromium();
}
