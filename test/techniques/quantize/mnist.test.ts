// Static int8 on a trained model and real data: mnist-8 reads handwritten digits as well as before.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { openModel } from '../../../src/formats/open';
import type { Model } from '../../../src/graph/model';
import type { SampleSource } from '../../../src/runtime/data/samples';
import { toFloat32Array } from '../../../src/tensor/decode';
import { tensorFromArray } from '../../../src/tensor/tensor';
import { quantizeStatic, type StaticOptions, staticOptions } from '../../../src/techniques/quantize/static';
import type { TechniqueContext } from '../../../src/techniques/technique';
import { sharedPath } from '../../support/shared';
import { contextFor, stopWorkbench } from './support';

afterAll(stopWorkbench);

const shared = sharedPath('data');
const [imageHeader, labelHeader, pixels] = [16, 8, 28 * 28];
/** Digits from the end of t10k calibrate, others from its beginning are read. `MNIST_DIGITS=9900` reads all of them. */
const calibrationDigits = 100;
const readDigits = Number(process.env['MNIST_DIGITS'] ?? 1000);

function digits(from: number, count: number): SampleSource {
  const images = gunzipSync(readFileSync(join(shared ?? '', 'mnist/t10k-images-idx3-ubyte.gz')));
  return {
    description: { kind: 'seeded', seed: from, samples: count },
    real: true,
    async *samples(limit = count) {
      for (let i = from; i < from + Math.min(limit, count); i++) {
        const image = Float32Array.from(images.subarray(imageHeader + i * pixels, imageHeader + (i + 1) * pixels));
        yield await Promise.resolve(new Map([['Input3', tensorFromArray('Input3', 'float32', [1, 1, 28, 28], image)]]));
      }
    },
  };
}

async function readRight(model: Model, context: TechniqueContext): Promise<number> {
  const labels = gunzipSync(readFileSync(join(shared ?? '', 'mnist/t10k-labels-idx1-ubyte.gz')));
  let right = 0;
  const outputs = model.graph.outputs.map(({ name }) => name);
  await context.runSamples(model, digits(0, readDigits), readDigits, outputs, (results, i) => {
    const scores = toFloat32Array([...results.values()][0] ?? tensorFromArray('', 'float32', [0], new Float32Array(0)));
    if (scores.indexOf(Math.max(...scores)) === labels[labelHeader + i]) right++;
  });
  return right;
}

describe.skipIf(shared === undefined)('mnist-8 in int8', () => {
  it('reads as many digits as in float, to one in a thousand, with every calibrator but entropy and with recovery', async () => {
    const model = openModel(join(shared ?? '', 'models/mnist-8-cntk.onnx'));
    const context = { ...(await contextFor(model)), data: digits(10_000 - calibrationDigits, calibrationDigits) };
    const float = await readRight(model, context);
    const variants: Partial<StaticOptions>[] = [{}, { calibration: 'percentile' }, { calibration: 'mse' }, { calibration: 'moving-average' }, { calibration: 'auto', correctBias: true }, { calibration: 'mse', equalize: true, clipWeights: true }];
    for (const options of variants) {
      const { model: int8, uncalibrated } = await quantizeStatic.apply(model, staticOptions.parse({ preset: 'all', samples: calibrationDigits, ...options }), context);
      expect(uncalibrated).toBe(false);
      const lost = float - (await readRight(int8, context));
      if (process.env['MNIST_DIGITS'] !== undefined) console.log(JSON.stringify(options), float, float - lost);
      expect(lost).toBeLessThanOrEqual(readDigits / 1000);
    }
  });
});
