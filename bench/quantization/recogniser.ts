// The PP-OCRv4 recogniser: where it lies, and what it reads in pictures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { openSamples } from '../../src/runtime/data/datasets';
import { Runner } from '../../src/runtime/runner';
import { toFloat32Array } from '../../src/tensor/decode';
import { root } from '../support/program';

export const ocrAssets = join(root, 'node_modules', '@gutenye', 'ocr-models', 'assets');
export const recogniserPath = join(ocrAssets, 'ch_PP-OCRv4_rec_infer.onnx');

/** The recogniser's characters: 0 is CTC's blank, the last is a space. */
const characters = ['', ...readFileSync(join(ocrAssets, 'ppocr_keys_v1.txt'), 'utf8').split('\n').filter((line) => line !== ''), ' '];

/** What a recogniser reads in each of the first `limit` pictures of a folder (Graves et al. 2006: most likely class per step, repeats and blanks dropped). */
export async function readPictures(modelPath: string, pictures: string, limit: number): Promise<string[]> {
  const model = readOnnxModel(modelPath);
  const runner = await Runner.start({});
  try {
    const session = await runner.load({ path: modelPath });
    const samples = await openSamples(pictures, model, { limit });
    const texts: string[] = [];
    for await (const feeds of samples.samples()) {
      const [output] = (await session.run(feeds)).outputs.values();
      if (output === undefined) throw new Error('The recogniser has no output.');
      texts.push(decode(toFloat32Array(output), output.dims[2] ?? 1));
    }
    return texts;
  } finally {
    runner.dispose();
    model.dispose();
  }
}

/** @param scores [steps × classes] */
function decode(scores: Float32Array, classes: number): string {
  let text = '';
  let previous = 0;
  for (let start = 0; start < scores.length; start += classes) {
    const step = scores.subarray(start, start + classes);
    const best = step.reduce((top, score, i) => (score > (step[top] ?? -Infinity) ? i : top), 0);
    if (best !== previous) text += characters[best] ?? '';
    previous = best;
  }
  return text.trim();
}
