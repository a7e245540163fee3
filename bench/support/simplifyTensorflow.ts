// Simplifies a TensorFlow.js model and writes it beside nothing else: what the technique alone makes of it, better or not.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { openTfjsModel } from '../../src/formats/tfjs/read';
import { writeTfjsModel } from '../../src/formats/tfjs/write';
import { Runner } from '../../src/runtime/runner';
import { tensorflowSimplify, tensorflowSimplifyOptions } from '../../src/techniques/tensorflow/simplify/simplify';

const notNeeded = (): never => {
  throw new Error('Simplify needs no samples.');
};

async function main(source: string, target: string, options: unknown): Promise<void> {
  const model = openTfjsModel(source);
  const reason = tensorflowSimplify.applies(model);
  if (reason !== undefined) throw new Error(reason);
  const result = await tensorflowSimplify.apply(model, tensorflowSimplifyOptions.parse(options), {
    ...detachedContext(),
    log: silentLog,
    runModel: async (constants, feeds, outputs) => {
      const runner = await Runner.start();
      const session = await runner.load(constants);
      const { outputs: made } = await session.run(feeds, outputs);
      runner.dispose();
      return made;
    },
    runSamples: notNeeded,
    data: { description: { kind: 'seeded', seed: 1, samples: 0 }, real: false, samples: notNeeded },
    bindings: {},
    seed: 1,
  });
  mkdirSync(dirname(target), { recursive: true });
  await writeTfjsModel(result.model, target);
  model.dispose();
  console.log(JSON.stringify({ notes: result.notes }));
}

main(process.argv[2] ?? '', process.argv[3] ?? '', JSON.parse(process.argv[4] ?? '{}')).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
