// onnxruntime's Python quantization beside ours, where a Python with it is found: agreement, latency and size on the same data.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildMobileNetV2 } from '../samples/architectures/mobilenetv2';
import { detachedContext } from '../src/base/cancellation';
import { silentLog } from '../src/base/log';
import { formatMetric, threeDigits } from '../src/base/format';
import { openModel } from '../src/formats/open';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { Builder, DoesNotApply } from '../src/recipes/build';
import { candidates } from '../src/recipes/candidates';
import { Workbench } from '../src/recipes/workbench';
import { benchmark } from '../src/runtime/benchmark';
import { compareModels } from '../src/runtime/compare';
import { openSamples } from '../src/runtime/data/datasets';
import { firstSample, type SampleSource } from '../src/runtime/data/samples';
import { Runner } from '../src/runtime/runner';
import { toFloat32Array } from '../src/tensor/decode';
import { hardText } from './quantization/hardText';
import { recogniserPath } from './quantization/recogniser';
import { root, scratchFolder } from './support/program';

/** `LATHE_PEER_PYTHON`, or the Python on the path, where it has onnxruntime. */
function findPython(): string | undefined {
  const programs = [process.env['LATHE_PEER_PYTHON'] ?? '', 'python3', 'python'].filter((program) => program !== '');
  return programs.find((program) => spawnSync(program, ['-c', 'import onnxruntime.quantization, onnx'], { stdio: 'ignore' }).status === 0);
}

const settings = { provider: 'cpu', threads: 1, bindings: {} } as const;
const calibrationSamples = 32;
const budgetMs = 6000;

/** Samples as files that a few lines of Python read: raw float32, names and shapes beside them. */
async function writeSamples(samples: SampleSource, folder: string): Promise<void> {
  mkdirSync(folder);
  const list: unknown[] = [];
  for await (const feeds of samples.samples(calibrationSamples)) {
    const sample = [...feeds.values()].map((tensor, i) => {
      const file = `${list.length}-${i}.bin`;
      writeFileSync(join(folder, file), toFloat32Array(tensor));
      return [tensor.name, file, tensor.dims];
    });
    list.push(sample);
  }
  writeFileSync(join(folder, 'samples.json'), JSON.stringify(list));
}

async function report(title: string, source: string, variant: string, samples: SampleSource): Promise<void> {
  const { metric } = await compareModels({ path: source }, { path: variant }, samples, { settings });
  const { latencyRatio: ratio, verdict } = await benchmark({ path: source }, { path: variant }, { settings, feeds: await firstSample(samples), budgetMs });
  const latency = ratio === undefined ? 'not measured' : `${threeDigits(ratio.value)} (${threeDigits(ratio.low)}–${threeDigits(ratio.high)})${verdict === 'inconclusive' ? ', inconclusive' : ''}`;
  console.log(`    ${title.padEnd(34)} latency ${latency}, file ${(statSync(variant).size / statSync(source).size).toFixed(2)}, ${metric === undefined ? '' : `${metric.name} ${formatMetric(metric.name, metric.value)}`}`);
}

async function compare(python: string, name: string, source: string, data: string | undefined): Promise<void> {
  console.log(`  ${name}`);
  const folder = scratchFolder();
  const model = openModel(source);
  const samples = await openSamples(data, model, data === undefined ? { seed: 3, limit: calibrationSamples } : { limit: 100 });
  const workbench = new Workbench({ startRunner: () => Runner.start({}), log: silentLog, threads: 1 });
  try {
    await writeSamples(samples, join(folder, 'samples'));
    for (const mode of ['static', 'dynamic']) {
      const target = join(folder, `peer-${mode}.onnx`);
      const done = spawnSync(python, [join(root, 'bench', 'peers', 'quantize.py'), mode, source, target, ...(mode === 'static' ? [join(folder, 'samples')] : [])], { encoding: 'utf8' });
      if (done.status === 0) await report(`onnxruntime, ${mode}`, source, target, samples).catch((error: unknown) => console.log(`    onnxruntime, ${mode}: ${String(error)}`));
      else console.log(`    onnxruntime, ${mode}: it failed: ${done.stderr.trim().split('\n').at(-1) ?? ''}`);
    }
    const builder = new Builder(model, workbench.context(detachedContext(), samples, {}, 0));
    for (const { id, title, steps } of candidates('onnx', 'latency').filter((plan) => plan.tag.startsWith('int8'))) {
      const built = await builder.build(steps);
      if (built instanceof DoesNotApply) continue;
      const target = join(folder, `${id}.onnx`);
      await writeOnnxModel(built.model, target);
      await report(title, source, target, samples);
    }
  } finally {
    workbench.dispose();
    model.dispose();
  }
}

async function main(): Promise<void> {
  const python = findPython();
  if (python === undefined) {
    console.log('  No Python with onnxruntime and onnx was found (LATHE_PEER_PYTHON names one): nothing to compare with.');
    return;
  }
  const folder = scratchFolder();
  const mobileNet = join(folder, 'mobilenetv2.onnx');
  await writeOnnxModel(buildMobileNetV2(), mobileNet);
  await compare(python, 'MobileNetV2, random weights', mobileNet, undefined);
  const recogniser = join(folder, 'recogniser.onnx');
  copyFileSync(recogniserPath, recogniser);
  await compare(python, 'PP-OCRv4 recogniser', recogniser, (await hardText({ choosing: 300 }, 2024)).get('choosing')?.folder);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
