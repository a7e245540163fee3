// Applies a technique that runs nothing (quantize-dynamic where none is named) to a model and writes the result: work whose time and memory the benchmarks report.
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { techniques } from '../../src/techniques/registry';
import type { TechniqueContext } from '../../src/techniques/technique';

const notNeeded = (): never => {
  throw new Error('This technique was to run nothing.');
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

async function main(source: string, target: string, id: string, options: string): Promise<void> {
  const technique = techniques.get(id);
  if (technique === undefined) throw new Error(`There is no technique ${id}.`);
  const model = readOnnxModel(source);
  const start = performance.now();
  const { model: quantized } = await technique.apply(model, technique.options.parse(JSON.parse(options)), context);
  await writeOnnxModel(quantized, target);
  console.log(((performance.now() - start) / 1000).toFixed(3));
}

const [, , source = '', target = '', id = 'quantize-dynamic', options = '{"reduceRange":true}'] = process.argv;
main(source, target, id, options).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
