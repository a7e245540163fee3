// BERT-base (438 MB) to int8: applying and writing, streamed; then the whole command with its checks and benchmark.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBert } from '../samples/architectures/bert';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { printFigure } from './support/print';
import { lathe, runProgram, scratchFolder } from './support/program';

async function main(): Promise<void> {
  const folder = scratchFolder();
  const source = join(folder, 'bert.onnx');
  const target = join(folder, 'bert.int8.onnx');
  await writeOnnxModel(buildBert(), source);
  const cost = await runProgram([join(__dirname, 'support', 'quantizeBert.js'), source, target]);
  printFigure({ what: 'apply and write', value: Number(cost.stdout), unit: 's', atMost: 3 });
  printFigure({ what: 'the same, with start of Node and reading', value: cost.seconds, unit: 's' });
  printFigure({ what: 'CPU time', value: cost.cpuSeconds, unit: 's' });
  printFigure({ what: 'peak memory', value: cost.peakMb, unit: 'MB', digits: 0, atMost: 700 });
  printFigure({ what: 'size, int8 / float', value: statSync(target).size / statSync(source).size, unit: '' });
  const command = await runProgram([lathe, 'optimize', source, '--goal', 'size', '--bind', 'batch=1,seq=128', '--allow-uncalibrated', '--json'], { accepted: [0, 1] });
  printFigure({ what: 'lathe optimize --goal size, with its checks and benchmark', value: command.seconds, unit: 's', digits: 0 });
  printFigure({ what: 'lathe optimize, peak memory without the runner', value: command.peakMb, unit: 'MB', digits: 0 });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
