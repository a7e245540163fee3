// How the cost of looking at a model grows with its nodes, and what the largest costs: 50,000 nodes with 2.7 GB of weights beside the file.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { buildBert } from '../samples/architectures/bert';
import { buildManyNodes } from '../samples/architectures/many';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { printFigure } from './support/print';
import { bestOf, lathe, runProgram, scratchFolder, type Cost } from './support/program';

const sizes = [1000, 10_000, 50_000, 100_000];
const runs = 3;
/** An encoder of this many layers has 50,000 nodes; of this width, 2.7 GB of weights. */
const deep = { layers: 980, width: 240, heads: 12, hidden: 960 };

/** The slope of log(cost) over log(size) by least squares: 1 is linear. */
function exponentOf(costs: ReadonlyMap<number, number>): number {
  const points = [...costs].map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const meanOf = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [meanOf(0), meanOf(1)];
  const across = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return across / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

async function growth(folder: string): Promise<void> {
  const empty = await bestOf(runs, [lathe, '--version']);
  const cpu = new Map<number, number>();
  for (const nodes of sizes) {
    const file = join(folder, `nodes-${nodes}.onnx`);
    await writeOnnxModel(buildManyNodes(nodes), file);
    const cost = await bestOf(runs, [lathe, 'inspect', file, '--json']);
    cpu.set(nodes, cost.cpuSeconds - empty.cpuSeconds);
    printFigure({ what: `lathe inspect, ${nodes} nodes, CPU time without the start`, value: cost.cpuSeconds - empty.cpuSeconds, unit: 's' });
    printFigure({ what: `lathe inspect, ${nodes} nodes, peak memory`, value: cost.peakMb, unit: 'MB', digits: 0 });
  }
  const large = new Map([...cpu].filter(([nodes]) => nodes >= 10_000));
  printFigure({ what: 'exponent of its growth, 1,000 to 100,000 nodes', value: exponentOf(cpu), unit: '', atMost: 1.1 });
  printFigure({ what: 'exponent of its growth, 10,000 to 100,000 nodes', value: exponentOf(large), unit: '', atMost: 1.1 });
}

async function largest(folder: string): Promise<void> {
  const file = join(folder, 'deep.onnx');
  const written = await writeOnnxModel(buildBert(deep), file, { externalData: 'always' });
  const gigabytes = written.files.reduce((sum, name) => sum + statSync(name).size, 0) / 1e9;
  const cost: Cost = await bestOf(runs, [lathe, 'inspect', file, '--bind', 'batch=1,seq=128', '--json']);
  const { nodes } = JSON.parse(cost.stdout) as { nodes: number };
  console.log(`  ${nodes} nodes, ${gigabytes.toFixed(2)} GB with external data`);
  printFigure({ what: 'lathe inspect', value: cost.seconds, unit: 's', atMost: 3 });
  printFigure({ what: 'lathe inspect, CPU time', value: cost.cpuSeconds, unit: 's' });
  printFigure({ what: 'lathe inspect, peak memory', value: cost.peakMb, unit: 'MB', digits: 0, atMost: 300 });
  const text = await runProgram([lathe, 'inspect', file, '--bind', 'batch=1,seq=128']);
  printFigure({ what: 'lathe inspect as a table, peak memory', value: text.peakMb, unit: 'MB', digits: 0 });
}

async function main(): Promise<void> {
  const folder = scratchFolder();
  await growth(folder);
  await largest(folder);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
