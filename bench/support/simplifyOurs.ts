// Simplifies the model given, twice, and writes it: times of the first and the second call in seconds, nodes left.
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { Runner } from '../../src/runtime/runner';
import { nodeCount, simplify, simplifyOptions } from '../../src/techniques/simplify/simplify';
import type { TechniqueContext } from '../../src/techniques/technique';

const notNeeded = (): never => {
  throw new Error('Simplify needs no samples.');
};

const context: TechniqueContext = {
  ...detachedContext(),
  log: silentLog,
  runModel: async (model, feeds, outputs) => {
    const runner = await Runner.start();
    const session = await runner.load(model);
    const result = await session.run(feeds, outputs);
    runner.dispose();
    return result.outputs;
  },
  runSamples: notNeeded,
  data: { description: { kind: 'seeded', seed: 1, samples: 0 }, real: false, samples: notNeeded },
  bindings: {},
  seed: 1,
};

/** From file to file, as onnxsim from bytes to bytes. */
async function once(source: string, target: string): Promise<{ seconds: number; nodes: number }> {
  const start = performance.now();
  const model = readOnnxModel(source);
  const result = await simplify.apply(model, simplifyOptions.parse({}), context);
  await writeOnnxModel(result.model, target);
  model.dispose();
  return { seconds: (performance.now() - start) / 1000, nodes: nodeCount(result.model.graph) };
}

async function main(source: string, target: string, calls: number): Promise<void> {
  const first = await once(source, target);
  let warm = first.seconds;
  for (let i = 1; i < calls; i++) warm = Math.min(warm, (await once(source, `${target}.${i}`)).seconds);
  console.log(JSON.stringify({ first: first.seconds, warm, nodes: first.nodes }));
}

main(process.argv[2] ?? '', process.argv[3] ?? '', Number(process.argv[4] ?? 1)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
