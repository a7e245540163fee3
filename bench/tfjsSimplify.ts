// TensorFlow.js models before and after simplification, in TensorFlow.js's wasm backend on one thread: what a web developer gains without leaving it.
import { join } from 'node:path';
import type { Benchmark } from '../src/protocol/measurement';
import { printFigure } from './support/print';
import { lathe, root, runProgram, scratchFolder } from './support/program';
import { humanModel, humanModelNames, nsfwModel } from './support/tfjsModels';

const simplifier = join(root, 'dist', 'tools', 'bench', 'support', 'simplifyTensorflow.js');
/** The unfused models must be faster by this ratio; no other may be slower, up to what a measurement can tell. */
const unfused = 0.95;
const notSlower = 1.02;

/** Model names on the command line measure those alone. */
const wanted = process.argv.slice(2);

async function main(): Promise<void> {
  const folder = scratchFolder();
  const models = [
    ...['mobilenet_v2', 'inception_v3', 'mobilenet_v2_mid'].map((name) => ({ name, make: nsfwModel, atMost: name === 'mobilenet_v2_mid' ? undefined : unfused })),
    ...humanModelNames().map((name) => ({ name, make: humanModel, atMost: undefined })),
  ].filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  for (const { name, make, atMost } of models) {
    const source = make(folder, name);
    const target = join(folder, `${name}.simplified`, 'model.json');
    const { notes } = JSON.parse((await runProgram([simplifier, source, target])).stdout) as { readonly notes: readonly string[] };
    const { stdout } = await runProgram([lathe, 'bench', source, target, '--json'], { accepted: [0, 1] });
    const { source: before, variant: after, latencyRatio } = JSON.parse(stdout) as Benchmark;
    if (latencyRatio === undefined || after === undefined) throw new Error(`The benchmark of ${name} gave no ratio.`);
    console.log(`  ${name}: ${notes.join('; ')}`);
    printFigure({ what: `${name}: simplified / original, latency`, value: latencyRatio.value, unit: '×', ...(atMost === undefined ? {} : { atMost }) });
    printFigure({ what: 'upper end of its 95 % interval', value: latencyRatio.high, unit: '×', ...(atMost === undefined ? { atMost: notSlower } : {}) });
    printFigure({ what: 'CPU time', value: after.cpuMs / before.cpuMs, unit: '×' });
    printFigure({ what: 'files', value: after.fileBytes / before.fileBytes, unit: '×' });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
