// Choosing int8 by measurement: the PP-OCRv4 recogniser on text that is hard to read, the best mixes for other models, and what should stay float.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OptimizationReport } from '../src/protocol/report';
import { hardText, levels, type Split } from './quantization/hardText';
import { comparePaired, judge } from './quantization/paired';
import { readPictures, recogniserPath } from './quantization/recogniser';
import { weightFigures } from './quantization/weights';
import { printFigure } from './support/print';
import { lathe, runProgram, scratchFolder } from './support/program';

/** Strings of the test split, which is looked at once, and of the split all choices are made on. */
const sizes = { choosing: 300, test: 1000 };
const seed = 2024;
/** Least share of each sequence that is read as the float model reads it. Hard text is read otherwise by chance too, rightly as often as wrongly: what counts is the test. */
const floor = '0.98';

/** Optimizes for latency with the choosing split and says what came of it. */
async function choose(source: string, data: string): Promise<OptimizationReport> {
  const cost = await runProgram([lathe, 'optimize', source, '--goal', 'latency', '--data', data, '--floor', floor, '--json'], { accepted: [0, 1] });
  const report = JSON.parse(cost.stdout) as OptimizationReport;
  for (const variant of report.variants) console.log(`    ${variant.status.padEnd(10)} ${variant.title}: ${variant.reason}`);
  console.log(`  ${report.conclusion}`);
  printFigure({ what: 'the whole command', value: cost.seconds, unit: 's', digits: 0 });
  return report;
}

function printReading(name: string, split: Split, before: readonly string[], after: readonly string[]): void {
  const of = (level: number | undefined, texts: readonly string[]): string[] => texts.filter((_, i) => level === undefined || split.levels[i] === level);
  for (const [level, { name: degradation }] of levels.entries()) {
    printFigure({ what: `float reads exactly, ${degradation} degradation`, value: 100 * judge(of(level, before), of(level, split.texts)).exact, unit: '%', digits: 1 });
    printFigure({ what: `${name} reads exactly, ${degradation} degradation`, value: 100 * judge(of(level, after), of(level, split.texts)).exact, unit: '%', digits: 1 });
  }
  const [float, int8] = [judge(before, split.texts), judge(after, split.texts)];
  const paired = comparePaired(before, after, split.texts);
  const points = (value: number): number => 100 * value;
  printFigure({ what: 'float reads exactly', value: points(float.exact), unit: '%', digits: 1, atLeast: 85, atMost: 95 });
  printFigure({ what: `${name} reads exactly`, value: points(int8.exact), unit: '%', digits: 1 });
  printFigure({ what: `change, paired (${points(paired.difference.low).toFixed(1)} to ${points(paired.difference.high).toFixed(1)})`, value: points(paired.difference.value), unit: 'pp', digits: 1, atLeast: -0.5 });
  printFigure({ what: `McNemar p, ${paired.onlyReference} texts lost, ${paired.onlyOther} won`, value: paired.p, unit: '' });
  printFigure({ what: 'characters wrong, float', value: points(float.characterErrors), unit: '%' });
  printFigure({ what: `characters wrong, ${name}`, value: points(int8.characterErrors), unit: '%' });
}

async function recogniser(folder: string): Promise<void> {
  console.log('  PP-OCRv4 recogniser');
  const splits = await hardText(sizes, seed);
  const [choosing, test] = [splits.get('choosing'), splits.get('test')];
  if (choosing === undefined || test === undefined) throw new Error('A split is missing.');
  const source = join(folder, 'recogniser.onnx');
  copyFileSync(recogniserPath, source);
  const report = await choose(source, choosing.folder);
  const { latencyRatio: ratio, source: float, variant } = report.confirmation ?? {};
  const accepted = report.variants.find(({ id }) => id === report.winner)?.path;
  if (accepted === undefined || ratio === undefined || float === undefined || variant === undefined) return;
  printFigure({ what: `latency, new / source (${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)})`, value: ratio.value, unit: '', digits: 3, atMost: 0.55 });
  printFigure({ what: 'file, source / new', value: float.fileBytes / variant.fileBytes, unit: '', atLeast: 3 });
  const before = await readPictures(source, test.folder, sizes.test);
  const after = await readPictures(accepted, test.folder, sizes.test);
  printReading('the result', test, before, after);
}

async function main(): Promise<void> {
  const folder = scratchFolder();
  await weightFigures(folder);
  await recogniser(folder);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
