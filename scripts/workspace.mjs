// The sample workspace: PP-OCRv4 from the installed npm package beside the models this project makes itself.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTool } from '../esbuild.mjs';
import { run } from './vscode/cache.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Model in the npm package → file in the workspace. */
const ocrModels = {
  'ch_PP-OCRv4_rec_infer.onnx': 'PP-OCRv4/recognizer.onnx',
  'ch_PP-OCRv4_det_infer.onnx': 'PP-OCRv4/detector.onnx',
};

export const recognizer = 'PP-OCRv4/recognizer.onnx';
export const detector = 'PP-OCRv4/detector.onnx';

/**
 * Fills a folder; files that are there already are kept.
 * @param options.samples only these of the project's own models
 */
export async function makeWorkspace(folder, { samples = [] } = {}) {
  fs.mkdirSync(folder, { recursive: true });
  const assets = path.join(root, 'node_modules', '@gutenye', 'ocr-models', 'assets');
  for (const [from, to] of Object.entries(ocrModels)) {
    const target = path.join(folder, to);
    if (fs.existsSync(target)) continue;
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(path.join(assets, from), target);
  }
  await run(process.execPath, [await buildTool('samples/make.ts'), path.join(folder, 'samples'), ...samples]);
  return folder;
}
