// Opening a 1.5 GB model: `lathe inspect` beside reading the whole file with protobufjs, and `--deep`, which reads every weight.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildLarge } from '../samples/architectures/large';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { printFigure } from './support/print';
import { bestOf, lathe, runProgram, scratchFolder, type Cost } from './support/program';

const bytes = 1.5e9;
const runs = 3;

/** What a program says its own work took, the start of Node and the loading of code left out. */
const within = ({ stdout }: Cost): number => (JSON.parse(stdout) as { seconds: number }).seconds;

async function main(): Promise<void> {
  const file = join(scratchFolder(), 'large.onnx');
  await writeOnnxModel(buildLarge(bytes), file, { externalData: 'never' });
  const ours = await bestOf(runs, [lathe, 'inspect', file, '--json']);
  const theirs = await bestOf(runs, [join(__dirname, 'support', 'protobufjs.js'), file]);
  const reading = await bestOf(runs, [join(__dirname, 'support', 'read.js'), file]);
  const empty = await bestOf(runs, ['-e', '']);
  const deep = await runProgram([lathe, 'inspect', file, '--deep', '--json']);
  const gigabytes = statSync(file).size / 1e9;
  printFigure({ what: `lathe inspect, ${gigabytes.toFixed(2)} GB, start of Node included`, value: ours.seconds, unit: 's', atMost: 0.3 });
  printFigure({ what: 'of that, starting Node', value: empty.seconds, unit: 's' });
  printFigure({ what: 'lathe inspect, peak memory', value: ours.peakMb, unit: 'MB', digits: 0, atMost: 100 });
  printFigure({ what: 'protobufjs, whole file', value: theirs.seconds, unit: 's' });
  printFigure({ what: 'protobufjs, peak memory', value: theirs.peakMb, unit: 'MB', digits: 0 });
  printFigure({ what: 'protobufjs / lathe, whole processes', value: theirs.seconds / ours.seconds, unit: '×', digits: 1, atLeast: 20 });
  printFigure({ what: 'protobufjs / lathe, reading the structure alone', value: within(theirs) / within(reading), unit: '×', digits: 1, atLeast: 20 });
  printFigure({ what: 'protobufjs / lathe, memory', value: theirs.peakMb / ours.peakMb, unit: '×', digits: 1 });
  printFigure({ what: 'lathe inspect --deep', value: gigabytes / deep.seconds, unit: 'GB/s', atLeast: 0.5 });
  printFigure({ what: 'lathe inspect --deep, peak memory', value: deep.peakMb, unit: 'MB', digits: 0, atMost: 200 });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
