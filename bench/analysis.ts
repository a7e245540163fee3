// From file to what the model view draws, for a graph of 20,000 nodes: reading, inference and cost, grouping, findings.
import { join } from 'node:path';
import { buildManyNodes } from '../samples/architectures/many';
import { findFindings } from '../src/advice/findings';
import { analyzeModel } from '../src/analysis/analyze';
import { buildSnapshot } from '../src/analysis/snapshot';
import { readOnnxModel } from '../src/formats/onnx/read';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { printFigure } from './support/print';
import { scratchFolder } from './support/program';

const nodes = 20_000;

/** CPU seconds of this process, all threads. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function main(): Promise<void> {
  const file = join(scratchFolder(), 'many.onnx');
  await writeOnnxModel(buildManyNodes(nodes), file);
  const marks = [cpuSeconds()];
  const model = readOnnxModel(file);
  marks.push(cpuSeconds());
  const analysis = analyzeModel(model, {});
  marks.push(cpuSeconds());
  const findings = await findFindings(model, analysis, { deep: false });
  marks.push(cpuSeconds());
  const snapshot = buildSnapshot(model, analysis, findings);
  marks.push(cpuSeconds());
  ['reading', 'shapes and cost', 'findings', 'groups and edges'].forEach((what, i) => {
    printFigure({ what, value: ((marks[i + 1] ?? 0) - (marks[i] ?? 0)) * 1000, unit: 'ms', digits: 0 });
  });
  printFigure({ what: 'all of it, CPU time, first run in its process', value: (marks[4] ?? 0) - (marks[0] ?? 0), unit: 's', atMost: 1 });
  console.log(`  ${snapshot.layers.count} layers, ${snapshot.groups.length} groups, ${snapshot.edges.length / 2} edges, ${findings.length} findings`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
