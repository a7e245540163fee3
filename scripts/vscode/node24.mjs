// Node 24, which code-server and vsce insist on: the running one where it is, else the npm package of the platform's binary, cached.
import path from 'node:path';
import { cached, run } from './cache.mjs';

const version = '24.9.0';
const major = 24;

/** Variables `npm run` sets from the project's own configuration; an npm started for the cache must not inherit them. */
const inherited = /^npm_(?!config_(registry|cache|userconfig|globalconfig|proxy|https_proxy|noproxy|cafile)$)/i;

/** The environment without what `npm run` added to it. */
export function plainEnvironment(extra = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !inherited.test(name) && name !== 'INIT_CWD' && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(kept), ...extra };
}

/**
 * A Node 24.
 * @returns {{ node: string, environment: NodeJS.ProcessEnv }} its executable, and an environment in which `node` and `npm` run under it
 */
export async function findNode24() {
  if (Number(process.versions.node.split('.')[0]) === major) return { node: process.execPath, environment: plainEnvironment() };
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = await cached(`${name}-${version}`, async (target) => {
    console.log(`Fetching Node ${version} from npm (once; kept in ${path.dirname(target)}) …`);
    await npm(['install', '--prefix', target, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', `${name}@${version}`], plainEnvironment());
  });
  const home = path.join(folder, 'node_modules', name);
  const bin = path.join(home, 'bin');
  return {
    node: path.join(bin, process.platform === 'win32' ? 'node.exe' : 'node'),
    // The person's npmrc may point node-gyp at the headers of another Node: say where ours are.
    environment: plainEnvironment({ PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}`, npm_config_nodedir: home }),
  };
}

/** Runs the machine's npm in an environment. */
export async function npm(args, env, cwd) {
  return run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { env, cwd });
}
