// What the tests of recipes share: made-up measurements, and an optimization with small budgets in a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detachedContext } from '../../src/base/cancellation';
import { silentLog } from '../../src/base/log';
import { type WriteOptions, writeOnnxModel } from '../../src/formats/onnx/write';
import type { Model } from '../../src/graph/model';
import type { Benchmark, Estimate, MetricValue, OutputComparison, VariantMeasurement } from '../../src/protocol/measurement';
import type { OptimizationReport } from '../../src/protocol/report';
import type { Accuracy, Measured } from '../../src/recipes/acceptance';
import { optimizeModel, type OptimizeRequest, type OptimizeServices } from '../../src/recipes/optimize';
import { Runner } from '../../src/runtime/runner';

export const services: OptimizeServices = { startRunner: () => Runner.start(), runnerStart: {}, log: silentLog };
export const smallBudgets = { benchmarkMs: 300, confirmMs: 300, sensitivityMs: 2_000, compareSamples: 4 };

export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lathe-recipes-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export async function writeSource(model: Model, folder: string, name = 'source.onnx', options: WriteOptions = {}): Promise<string> {
  const path = join(folder, name);
  await writeOnnxModel(model, path, options);
  return path;
}

export function optimize(request: OptimizeRequest): Promise<OptimizationReport> {
  return optimizeModel({ budgets: smallBudgets, ...request }, services, detachedContext());
}

function side(peakMemoryBytes: number): VariantMeasurement {
  const medianMs: Estimate = { value: 1, low: 1, high: 1 };
  return { path: '/m.onnx', fileBytes: 100, medianMs, p95Ms: 1, p99Ms: 1, cpuMs: 1, loadMs: 1, peakMemoryBytes, samplesMs: [1] };
}

export function benchmarkOf(ratio: readonly [low: number, value: number, high: number], memory = 1): Benchmark {
  const [low, value, high] = ratio;
  return {
    source: side(1000),
    variant: side(1000 * memory),
    latencyRatio: { low, value, high },
    verdict: high < 1 ? 'faster' : low > 1 ? 'slower' : 'no-difference',
    rounds: 20,
    settings: { provider: 'cpu', threads: 1, bindings: {} },
    drift: 0,
    machine: { cpu: 'test', cores: 1, memoryBytes: 1, platform: 'test', node: '20', onnxruntime: '1' },
    measuredAt: '2026-01-01T00:00:00Z',
  };
}

export function comparisonOf(metric: MetricValue | undefined, outputs: readonly Partial<OutputComparison>[] = []): Accuracy {
  return { outputs: outputs.map((output) => ({ output: 'y', bitEqual: false, maxAbs: null, sqnrDb: null, cosine: null, ...output })), ...(metric === undefined ? {} : { metric }) };
}

export function measuredOf(changes: Partial<Measured> & { readonly benchmark: Benchmark }): Measured {
  return { weightRatio: 1, comparison: comparisonOf({ name: 'agreement-top1', value: 1, low: 0.9, high: 1, samples: 100 }), floor: 0.99, allowSlower: false, uncalibrated: false, allowUncalibrated: false, ...changes };
}
