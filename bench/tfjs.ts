// TensorFlow.js models: opening a large graph, and a model beside its ONNX twin and that twin's int8, on one thread.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildMobileNetV2 } from '../samples/architectures/mobilenetv2';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { openModel } from '../src/formats/open';
import { attributes, makeNode, tensorValue } from '../src/graph/construct';
import type { Benchmark } from '../src/protocol/measurement';
import type { OptimizationReport } from '../src/protocol/report';
import { printFigure } from './support/print';
import { bestOf, lathe, runProgram, scratchFolder } from './support/program';
import { nsfwModel } from './support/tfjsModels';

const largeJson = 50e6;

/** A graph model of as many small convolutions as its JSON needs for that size; weights of zeros. */
function writeLargeGraph(folder: string): string {
  const nodes: object[] = [{ name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [-1, 8, 8, 4].map((size) => ({ size: String(size) })) } } } }];
  const weights: object[] = [];
  const attr = { T: { type: 'DT_FLOAT' }, strides: { list: { i: ['1', '1', '1', '1'] } }, padding: { s: Buffer.from('SAME').toString('base64') }, data_format: { s: Buffer.from('NHWC').toString('base64') }, dilations: { list: { i: ['1', '1', '1', '1'] } }, explicit_paddings: { list: {} }, use_cudnn_on_gpu: { b: true } };
  const shape = [3, 3, 4, 4];
  let previous = 'x';
  for (let bytes = 0, i = 0; bytes < largeJson; i++) {
    const scope = `model/stage_${Math.floor(i / 100)}/block_${i}`;
    const added = [
      { name: `${scope}/kernel`, op: 'Const', attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: shape.map((size) => ({ size: String(size) })) } } } } },
      { name: `${scope}/Conv2D`, op: 'Conv2D', input: [previous, `${scope}/kernel`], attr },
      { name: `${scope}/Relu`, op: 'Relu', input: [`${scope}/Conv2D`], attr: { T: { type: 'DT_FLOAT' } } },
    ];
    const weight = { name: `${scope}/kernel`, shape, dtype: 'float32' };
    nodes.push(...added);
    weights.push(weight);
    bytes += JSON.stringify([...added, weight]).length;
    previous = `${scope}/Relu`;
  }
  const path = join(folder, 'model.json');
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(weights.length * 4 * 144));
  writeFileSync(path, JSON.stringify({ format: 'graph-model', modelTopology: { node: nodes, versions: { producer: 716 } }, weightsManifest: [{ paths: ['weights.bin'], weights }] }));
  return path;
}

/** How many times as fast the second is, and the interval's lower end. */
async function speedUp(before: string, after: string): Promise<{ readonly times: number; readonly atLeast: number }> {
  const { stdout } = await runProgram([lathe, 'bench', before, after, '--json'], { accepted: [0, 1] });
  const { latencyRatio } = JSON.parse(stdout) as Benchmark;
  if (latencyRatio === undefined) throw new Error(`The benchmark of ${before} against ${after} gave no ratio.`);
  return { times: 1 / latencyRatio.value, atLeast: 1 / latencyRatio.high };
}

function secondsToOpen(path: string): number {
  const start = performance.now();
  openModel(path).dispose();
  return (performance.now() - start) / 1000;
}

/** MobileNetV2 1.4 with five classes, as somebody would write it for onnxruntime, fed as TensorFlow.js feeds it: what a twin can reach on this machine. */
async function writtenByHand(path: string): Promise<string> {
  const model = buildMobileNetV2({ width: 1.4, classes: 5 });
  const { graph } = model;
  const [image] = graph.inputs;
  if (image === undefined) throw new Error('The network has no input.');
  for (const node of graph.nodes) node.inputs = node.inputs.map((name) => (name === image.name ? 'first' : name));
  graph.nodes.unshift(makeNode({ opType: 'Transpose', inputs: [image.name], outputs: ['first'], attributes: attributes({ perm: [0, 3, 1, 2] }) }));
  graph.inputs = [tensorValue(image.name, 'float32', [1, 224, 224, 3])];
  await writeOnnxModel(model, path);
  return path;
}

async function main(): Promise<void> {
  const folder = scratchFolder();
  const large = writeLargeGraph(folder);
  const opened = await bestOf(3, [lathe, 'inspect', large, '--json']);
  printFigure({ what: `lathe inspect, ${(statSync(large).size / 1e6).toFixed(0)} MB of JSON, start of Node included`, value: opened.seconds, unit: 's' });
  printFigure({ what: 'of that, CPU time', value: opened.cpuSeconds, unit: 's' });
  printFigure({ what: 'opening it alone, in this process', value: secondsToOpen(large), unit: 's', atMost: 2 });
  printFigure({ what: 'peak memory', value: opened.peakMb, unit: 'MB', digits: 0 });
  for (const [name, aims] of Object.entries({ mobilenet_v2_mid: { twin: 5, int8: 8 }, mobilenet_v2: {}, inception_v3: {} } as Record<string, { twin?: number; int8?: number }>)) {
    const model = nsfwModel(folder, name);
    const twin = join(folder, `${name}.onnx`);
    await runProgram([lathe, 'convert', model, '-o', twin]);
    const float = await speedUp(model, twin);
    printFigure({ what: `${name}: TensorFlow.js wasm / ONNX twin`, value: float.times, unit: '×', ...(aims.twin === undefined ? {} : { atLeast: aims.twin }) });
    printFigure({ what: 'lower end of its 95 % interval', value: float.atLeast, unit: '×' });
    if (aims.int8 === undefined) continue;
    const byHand = await speedUp(await writtenByHand(join(folder, `${name}-by-hand.onnx`)), twin);
    printFigure({ what: `${name}: the network built by hand / ONNX twin`, value: byHand.times, unit: '×', atLeast: 0.97 });
    const optimized = await runProgram([lathe, 'optimize', twin, '--goal', 'latency', '--allow-uncalibrated', '--floor', '0.5', '--json'], { accepted: [0, 1] });
    const report = JSON.parse(optimized.stdout) as OptimizationReport;
    console.log(`  ${report.conclusion}`);
    for (const { id, path } of report.variants)
      if (path !== undefined) printFigure({ what: `${name}: TensorFlow.js wasm / ${id}`, value: (await speedUp(model, path)).times, unit: '×', atLeast: aims.int8 });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
