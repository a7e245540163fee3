// Weights in few bits: mnist-8 on t10k in 8, 4 and 2 bits, by nearest and by data; BERT-base to 4 bits, streamed.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBert } from '../../samples/architectures/bert';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { writeOnnxModel } from '../../src/formats/onnx/write';
import { Workbench } from '../../src/recipes/workbench';
import { Runner } from '../../src/runtime/runner';
import { simplify } from '../../src/techniques/simplify/simplify';
import { quantizeWeights } from '../../src/techniques/weightOnly/weightOnly';
import { printFigure } from '../support/print';
import { root, runProgram } from '../support/program';
import { accuracyOf, digitSamples, testDigits, trainingDigits } from './mnist';

const calibrationDigits = 1000;

interface Variant {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Points lost at most. */
  readonly atMost?: number;
}

const variants: readonly Variant[] = [
  { name: '8 bits, nearest', options: { bits: 8 }, atMost: 0.1 },
  { name: '4 bits, nearest', options: { bits: 4 } },
  { name: '4 bits, GPTQ', options: { bits: 4, rounding: 'gptq' }, atMost: 0.2 },
  { name: '2 bits, nearest, not clipped, large blocks', options: { bits: 2, clip: false, blockSize: 256 } },
  { name: '2 bits, GPTQ', options: { bits: 2, rounding: 'gptq' }, atMost: 1.5 },
];

/** All weights of mnist-8; calibrated on training digits, judged on t10k, which shares none of them. */
async function mnist(): Promise<void> {
  const data = join(root, '..', 'shared', 'data');
  const path = join(data, 'models', 'mnist-8-cntk.onnx');
  const digits = testDigits(data);
  if (!existsSync(path) || digits === undefined) {
    console.log('  mnist-8 and t10k are not beside the checkout (../shared/data): left out.');
    return;
  }
  const workbench = new Workbench({ startRunner: () => Runner.start(), log: silentLog, threads: 1 });
  try {
    const stored = readOnnxModel(path);
    const context = workbench.context(detachedContext(), digitSamples(stored, trainingDigits(calibrationDigits)), {}, 1);
    const { model: source } = await simplify.apply(stored, simplify.options.parse({}), context);
    const float = await accuracyOf(source, digits, context);
    printFigure({ what: 'mnist-8 on t10k, float', value: 100 * float, unit: '%' });
    for (const { name, options, atMost } of variants) {
      const chosen = quantizeWeights.options.parse({ storage: true, leastElements: 0, samples: calibrationDigits, ...options });
      const { model } = await quantizeWeights.apply(source, chosen, context);
      const lost = 100 * (float - (await accuracyOf(model, digits, context)));
      printFigure({ what: `mnist-8, ${name}, loss`, value: lost, unit: 'pp', ...(atMost === undefined ? {} : { atMost }) });
    }
  } finally {
    workbench.dispose();
  }
}

async function bert(folder: string): Promise<void> {
  const source = join(folder, 'bert.onnx');
  await writeOnnxModel(buildBert(), source);
  for (const [name, options, atMost] of [['4 bits', {}, 10], ['4 bits, not clipped', { clip: false }, undefined], ['2 bits', { bits: 2 }, undefined]] as const) {
    const target = join(folder, `bert.${name.replace(/\W+/g, '-')}.onnx`);
    const cost = await runProgram([join(root, 'dist', 'tools', 'bench', 'support', 'quantizeBert.js'), source, target, quantizeWeights.id, JSON.stringify(options)]);
    printFigure({ what: `BERT-base (438 MB) to ${name}, apply and write`, value: Number(cost.stdout), unit: 's', ...(atMost === undefined ? {} : { atMost }) });
    printFigure({ what: 'CPU time', value: cost.cpuSeconds, unit: 's' });
    printFigure({ what: 'peak memory', value: cost.peakMb, unit: 'MB', digits: 0 });
    printFigure({ what: 'size, new / float', value: statSync(target).size / statSync(source).size, unit: '' });
  }
}

/** @param folder a scratch folder */
export async function weightFigures(folder: string): Promise<void> {
  console.log('  Weights in few bits');
  await mnist();
  await bert(folder);
}
