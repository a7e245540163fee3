// `lathe optimize` for latency on the PP-OCRv4 models with rendered lines and pages of text, and whether the recogniser still reads as before.
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOnnxModel } from '../src/formats/onnx/read';
import type { OptimizationReport } from '../src/protocol/report';
import { openSamples } from '../src/runtime/data/datasets';
import { Runner } from '../src/runtime/runner';
import { toFloat32Array } from '../src/tensor/decode';
import { printFigure } from './support/print';
import { lathe, root, runProgram, scratchFolder } from './support/program';
import { renderTextLines, renderTextPages } from './textLines';

const assets = join(root, 'node_modules', '@gutenye', 'ocr-models', 'assets');
const words = 100;
/** Those who read nothing right have not been asked the right question. */
const least = 95;

/** The detector looks at whole pages, at the size and with the numbers it was trained on (PaddleOCR, ch_PP-OCRv4_det). */
const detectorOptions = ['--bind', ['p2o.DynamicDimension.0=1', 'p2o.DynamicDimension.1=640', 'p2o.DynamicDimension.2=640'].join(), '--image-order', 'bgr', '--image-scale', 'imagenet'];

/** The recogniser's characters: 0 is CTC's blank, the last is a space. */
const characters = ['', ...readFileSync(join(assets, 'ppocr_keys_v1.txt'), 'utf8').split('\n').filter((line) => line !== ''), ' '];

/** What a recogniser reads in each picture of a folder (Graves et al. 2006: most likely class per step, repeats and blanks dropped). */
async function read(modelPath: string, pictures: string): Promise<string[]> {
  const model = readOnnxModel(modelPath);
  const runner = await Runner.start({});
  try {
    const session = await runner.load({ path: modelPath });
    const samples = await openSamples(pictures, model, { limit: words });
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

async function optimize(source: string, data: string, atMost: number, options: readonly string[] = []): Promise<string | undefined> {
  const cost = await runProgram([lathe, 'optimize', source, '--goal', 'latency', '--data', data, ...options, '--json'], { accepted: [0, 1] });
  const report = JSON.parse(cost.stdout) as OptimizationReport;
  const { variant, source: measured, latencyRatio } = report.confirmation ?? {};
  console.log(`  ${report.conclusion}`);
  if (latencyRatio !== undefined && variant !== undefined && measured !== undefined) {
    printFigure({ what: 'latency, new / source, confirmed in fresh processes', value: latencyRatio.value, unit: '', atMost });
    printFigure({ what: 'upper end of its 95 % interval', value: latencyRatio.high, unit: '' });
    printFigure({ what: 'file, new / source', value: variant.fileBytes / measured.fileBytes, unit: '' });
  }
  printFigure({ what: 'the whole command', value: cost.seconds, unit: 's', digits: 0 });
  return report.variants.find((tried) => tried.id === report.winner)?.path;
}

async function main(): Promise<void> {
  const folder = scratchFolder();
  const calibration = join(folder, 'calibration');
  const clean = join(folder, 'clean');
  const pages = join(folder, 'pages');
  await renderTextLines(calibration, { count: 64, seed: 11, style: 'hard' });
  const lines = await renderTextLines(clean, { count: words, seed: 12, style: 'clean' });
  const recognizer = join(folder, 'recognizer.onnx');
  const detector = join(folder, 'detector.onnx');
  copyFileSync(join(assets, 'ch_PP-OCRv4_rec_infer.onnx'), recognizer);
  copyFileSync(join(assets, 'ch_PP-OCRv4_det_infer.onnx'), detector);
  console.log('  Recogniser');
  const accepted = await optimize(recognizer, calibration, 0.6);
  if (accepted !== undefined) {
    const before = await read(recognizer, clean);
    const after = await read(accepted, clean);
    const right = (texts: readonly string[]): number => texts.filter((text, i) => text === lines[i]?.text).length;
    printFigure({ what: `clean lines the source reads, of ${words}`, value: right(before), unit: '', digits: 0, atLeast: least });
    printFigure({ what: `clean lines read as the source reads them, of ${words}`, value: after.filter((text, i) => text === before[i]).length, unit: '', digits: 0, atLeast: 99 });
  }
  console.log('  Detector');
  await renderTextPages(pages, { count: 24, seed: 21 });
  await optimize(detector, pages, 0.7, detectorOptions);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
