// Quantizes the model given to int8 (dynamic) and writes it beside: the work whose time and memory bench/int8.ts reports.
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { quantizeDynamic } from '../../src/techniques/quantize/dynamic';
import type { TechniqueContext } from '../../src/techniques/technique';

const notNeeded = (): never => {
  throw new Error('Dynamic quantization runs nothing.');
};

const context: TechniqueContext = {
  ...detachedContext(),
  log: silentLog,
  runModel: notNeeded,
  runSamples: notNeeded,
  data: { description: { kind: 'seeded', seed: 1, samples: 0 }, real: false, samples: notNeeded },
  bindings: {},
  seed: 1,
};

async function main(source: string, target: string): Promise<void> {
  const model = readOnnxModel(source);
  const start = performance.now();
  const { model: quantized } = await quantizeDynamic.apply(model, quantizeDynamic.options.parse({ reduceRange: true }), context);
  await writeOnnxModel(quantized, target);
  console.log(((performance.now() - start) / 1000).toFixed(3));
}

main(process.argv[2] ?? '', process.argv[3] ?? '').catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
