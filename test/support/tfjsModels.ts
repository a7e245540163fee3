// TensorFlow.js models of others as plain files, small ones made for a test, and what TensorFlow.js itself says of a model.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { sharedPath } from './shared';
import { temporaryFolder } from './models';

const require = createRequire(import.meta.url);
const packages = resolve(import.meta.dirname, '../../node_modules');

export interface PublicTfjsModel {
  readonly name: string;
  /** Its model.json. */
  readonly path: string;
}

/**
 * Public models of both kinds. They are copied into the per-user cache: a package's files may be hard links (pnpm), which
 * are refused as weights, and nsfwjs has its weights as base64 in JavaScript. MLPerf Tiny's are left out where they are not here.
 */
export function publicTfjsModels(): PublicTfjsModel[] {
  const human = join(packages, '@vladmandic/human/models');
  const models = readdirSync(human)
    .filter((file) => file.endsWith('.json') && file !== 'models.json')
    .map((file) => ({ name: basename(file, '.json'), path: cached(`human/${basename(file, '.json')}`, file, (folder) => copyModel(join(human, file), folder)) }));
  const detection = join(packages, '@vscode/vscode-languagedetection/model/model.json');
  models.push({ name: 'language detection', path: cached('language-detection', 'model.json', (folder) => copyModel(detection, folder)) });
  for (const name of ['mobilenet_v2', 'mobilenet_v2_mid', 'inception_v3']) models.push({ name: `nsfwjs ${name}`, path: nsfwModel(name) });
  for (const name of ['pretrainedResnet', 'vww_96']) {
    const path = sharedPath(`data/models/mlperf-tiny-${name}/model.json`);
    if (path !== undefined) models.push({ name: `MLPerf Tiny ${name}`, path });
  }
  return models;
}

/** One of nsfwjs's models as files. */
function nsfwModel(name: string): string {
  return cached(`nsfwjs/${name}`, 'model.json', (folder) => {
    const source = join(packages, 'nsfwjs/dist/models', name);
    const document = require(join(source, 'model.min.js')) as ModelDocument;
    writeFileSync(join(folder, 'model.json'), JSON.stringify(document));
    for (const path of document.weightsManifest.flatMap(({ paths }) => paths)) writeFileSync(join(folder, path), Buffer.from(require(join(source, `${path}.min.js`)) as string, 'base64'));
  });
}

export interface ModelDocument {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly tf.io.WeightsManifestEntry[] }[];
}

export function modelDocument(path: string): ModelDocument {
  return JSON.parse(readFileSync(path, 'utf8')) as ModelDocument;
}

function copyModel(path: string, folder: string): void {
  copyFileSync(path, join(folder, basename(path)));
  for (const shard of modelDocument(path).weightsManifest.flatMap(({ paths }) => paths)) copyFileSync(join(dirname(path), shard), join(folder, shard));
}

/** A file of a folder that `fill` makes once; tests that run at the same time make it whole or not at all. */
function cached(folder: string, file: string, fill: (folder: string) => void): string {
  const root = join(process.env['MODEL_LATHE_CACHE'] ?? join(homedir(), '.cache', 'model-lathe'), 'tfjs-models');
  const place = join(root, folder);
  if (!existsSync(join(place, file))) {
    mkdirSync(dirname(place), { recursive: true });
    const made = mkdtempSync(join(root, 'making-'));
    try {
      fill(made);
      renameSync(made, place);
    } catch (thrown) {
      if (!existsSync(join(place, file))) throw thrown;
    } finally {
      rmSync(made, { recursive: true, force: true });
    }
  }
  return join(place, file);
}

/** What TensorFlow.js makes of the manifest: every weight by name. */
export function decodedByTfjs(path: string): Map<string, tf.Tensor> {
  const { weightsManifest } = modelDocument(path);
  const decoded = weightsManifest.map(({ paths, weights }) => {
    const bytes = Buffer.concat(paths.map((shard) => readFileSync(join(dirname(path), shard))));
    return tf.io.decodeWeights(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), [...weights]);
  });
  return new Map(decoded.flatMap((weights) => Object.entries(weights)));
}

/** The layers model as TensorFlow.js itself loads it. */
export async function loadedByTfjs(path: string): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest } = modelDocument(path);
  const bytes = Buffer.concat(weightsManifest.flatMap(({ paths }) => paths.map((shard) => readFileSync(join(dirname(path), shard)))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => [...weights]), weightData }));
}

/** A manifest entry. */
export function weight(name: string, shape: readonly unknown[] = [2], more: object = {}): object {
  return { name, shape, dtype: 'float32', ...more };
}

/** A constant as it stands in a graph whose data are in the shards. */
export function constant(name: string): object {
  return { name, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }] } } } } };
}

export function placeholder(name: string, ...dims: readonly string[]): object {
  return { name, op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: dims.map((size) => ({ size })) } } } };
}

/** x → AddV2 with the weight w of two elements, its data in `w.bin`; fields of the document replaced or added. */
export function graphDocument(more: object = {}): object {
  return {
    format: 'graph-model',
    modelTopology: { node: [placeholder('x', '-1', '2'), constant('w'), { name: 'add', op: 'AddV2', input: ['x', 'w'], attr: { T: { type: 'DT_FLOAT' } } }], versions: { producer: 716 } },
    weightsManifest: [{ paths: ['w.bin'], weights: [weight('w')] }],
    ...more,
  };
}

/** A layers model of these layers, with weights of zeros for what `weights` names. */
export function layersDocument(layers: readonly object[], weights: readonly object[] = [], config: object = {}): object {
  return { format: 'layers-model', modelTopology: { keras_version: '2.4.0', model_config: { class_name: 'Sequential', config: { name: 's', layers, ...config } } }, weightsManifest: [{ paths: ['w.bin'], weights }] };
}

/** Writes a document (or text) and its shards into a fresh folder. */
export function tfjsFile(document: object | string, shards: Readonly<Record<string, Uint8Array>> = { 'w.bin': new Uint8Array(8) }): string {
  const folder = temporaryFolder();
  const path = join(folder, 'model.json');
  writeFileSync(path, typeof document === 'string' ? document : JSON.stringify(document));
  for (const [name, bytes] of Object.entries(shards)) writeFileSync(join(folder, name), bytes);
  return path;
}
