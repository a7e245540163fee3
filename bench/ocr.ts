// `lathe optimize` for latency on the PP-OCRv4 models with rendered lines and pages of text, and whether the recogniser still reads as before.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OptimizationReport } from '../src/protocol/report';
import { ocrAssets, readPictures, recogniserPath } from './quantization/recogniser';
import { printFigure } from './support/print';
import { lathe, runProgram, scratchFolder } from './support/program';
import { renderTextLines, renderTextPages } from './textLines';

const words = 100;
/** Those who read nothing right have not been asked the right question. */
const least = 95;

/** The detector looks at whole pages, at the size and with the numbers it was trained on (PaddleOCR, ch_PP-OCRv4_det). */
const detectorOptions = ['--bind', ['p2o.DynamicDimension.0=1', 'p2o.DynamicDimension.1=640', 'p2o.DynamicDimension.2=640'].join(), '--image-order', 'bgr', '--image-scale', 'imagenet'];

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
  copyFileSync(recogniserPath, recognizer);
  copyFileSync(join(ocrAssets, 'ch_PP-OCRv4_det_infer.onnx'), detector);
  console.log('  Recogniser');
  const accepted = await optimize(recognizer, calibration, 0.6);
  if (accepted !== undefined) {
    const before = await readPictures(recognizer, clean, words);
    const after = await readPictures(accepted, clean, words);
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
