// Public TensorFlow.js models from npm as plain files in a folder of the benchmark's.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { root } from './program';

const load = createRequire(join(root, 'package.json'));

interface ModelDocument {
  readonly weightsManifest: readonly { readonly paths: readonly string[] }[];
}

/** One of nsfwjs's models, whose weights lie as base64 in JavaScript. */
export function nsfwModel(folder: string, name: string): string {
  const source = join(root, 'node_modules', 'nsfwjs', 'dist', 'models', name);
  const place = join(folder, name);
  mkdirSync(place);
  const document = load(join(source, 'model.min.js')) as ModelDocument;
  writeFileSync(join(place, 'model.json'), JSON.stringify(document));
  for (const path of document.weightsManifest.flatMap(({ paths }) => paths)) writeFileSync(join(place, path), Buffer.from(load(join(source, `${path}.min.js`)) as string, 'base64'));
  return join(place, 'model.json');
}

const humanModels = join(root, 'node_modules', '@vladmandic', 'human', 'models');

/** Names of the models of @vladmandic/human. */
export function humanModelNames(): string[] {
  return readdirSync(humanModels).filter((file) => file.endsWith('.json') && file !== 'models.json').map((file) => basename(file, '.json'));
}

/** Copies, since a package's files may be links, which are refused as weights. */
export function humanModel(folder: string, name: string): string {
  const place = join(folder, name);
  mkdirSync(place);
  const document = JSON.parse(readFileSync(join(humanModels, `${name}.json`), 'utf8')) as ModelDocument;
  for (const file of document.weightsManifest.flatMap(({ paths }) => paths)) copyFileSync(join(humanModels, file), join(place, file));
  copyFileSync(join(humanModels, `${name}.json`), join(place, 'model.json'));
  return join(place, 'model.json');
}
