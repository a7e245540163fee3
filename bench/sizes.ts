// Sizes of what is shipped: the bundles, the pages gzipped, the package of this platform.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { printFigure } from './support/print';
import { root } from './support/program';

const kilobyte = 1e3;
const megabyte = 1e6;

function main(): void {
  const bundle = (name: string): string => join(root, 'dist', `${name}.js`);
  const size = (name: string): number => statSync(bundle(name)).size / kilobyte;
  printFigure({ what: 'extension.js', value: size('extension'), unit: 'kB', digits: 0, atMost: 1000 });
  for (const name of ['engine', 'runner', 'cli']) printFigure({ what: `${name}.js`, value: size(name), unit: 'kB', digits: 0 });
  for (const name of ['modelView', 'benchmarkView', 'compareView', 'layoutWorker']) {
    const zipped = gzipSync(readFileSync(bundle(name)), { level: 9 }).byteLength / kilobyte;
    printFigure({ what: `${name}.js, gzipped`, value: zipped, unit: 'kB', digits: 0, atMost: 250 });
  }
  execFileSync(process.execPath, [join(root, 'scripts', 'package.mjs')], { stdio: 'pipe' });
  const file = readdirSync(join(root, 'dist')).find((name) => name.endsWith(`-${process.platform}-${process.arch}.vsix`)) ?? '';
  printFigure({ what: 'package of this platform', value: statSync(join(root, 'dist', file)).size / megabyte, unit: 'MB', digits: 1, atMost: process.platform === 'linux' ? 25 : 32 });
}

main();
