// A report file as its readers rely on it, field by field: the file may come from anywhere.
import * as z from 'zod';
import type { OptimizationReport } from '../protocol/report';
import { dataKinds, dataSplits } from '../protocol/data';
import { taskMetricNames } from '../protocol/taskMetrics';
import { providers } from '../runtime/providers';

const metricNames = ['agreement-top1', 'agreement-sequence', 'agreement-equal', 'sqnr', 'top1', 'exact-match'] as const;

const range = z.object({ low: z.number(), high: z.number() });
const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
const settings = z.object({ provider: z.enum(providers), threads: z.number(), bindings: z.record(z.string(), z.number()) });
const machine = z.object({ cpu: z.string(), cores: z.number(), memoryBytes: z.number(), platform: z.string(), node: z.string(), onnxruntime: z.string() });

const data = z.object({
  kind: z.enum(dataKinds),
  path: z.exactOptional(z.string()),
  samples: z.number(),
  seed: z.exactOptional(z.number()),
  note: z.exactOptional(z.string()),
  skipped: z.exactOptional(z.number()),
  classes: z.exactOptional(z.number()),
  split: z.exactOptional(z.enum(dataSplits)),
});

const figure = estimate.extend({ samples: z.number() });

const limitFields = { mostLoss: z.exactOptional(z.object({ value: z.number(), relative: z.boolean() })), floor: z.exactOptional(z.number()) };

const task = z.object({
  metric: z.enum(taskMetricNames),
  unit: z.enum(['share', 'dB', 'none']),
  higherIsBetter: z.boolean(),
  source: figure,
  variant: figure,
  difference: estimate,
  p: z.number(),
  test: z.enum(['mcnemar-mid-p', 'paired-bootstrap']),
  lost: z.exactOptional(z.number()),
  gained: z.exactOptional(z.number()),
  limit: z.exactOptional(z.object(limitFields)),
});

const measurement = z.object({
  path: z.string(),
  runtime: z.exactOptional(z.string()),
  fileBytes: z.number(),
  medianMs: estimate,
  p95Ms: z.number(),
  p99Ms: z.number(),
  cpuMs: z.number(),
  loadMs: z.number(),
  peakMemoryBytes: z.number(),
  samplesMs: z.array(z.number()),
});

const benchmark = z.object({
  source: measurement,
  variant: z.exactOptional(measurement),
  latencyRatio: z.exactOptional(estimate),
  verdict: z.exactOptional(z.enum(['faster', 'slower', 'no-difference', 'inconclusive'])),
  reason: z.exactOptional(z.string()),
  rounds: z.number(),
  settings,
  drift: z.number(),
  machine,
  measuredAt: z.string(),
});

const comparison = z.object({
  outputs: z.array(
    z.object({
      output: z.string(),
      bitEqual: z.boolean(),
      maxAbs: z.nullable(z.number()),
      sqnrDb: z.nullable(z.number()),
      cosine: z.nullable(z.number()),
      problem: z.exactOptional(z.string()),
      inSource: z.exactOptional(z.literal(true)),
    }),
  ),
  metric: z.exactOptional(z.object({ name: z.enum(metricNames), value: z.number(), low: z.number(), high: z.number(), samples: z.number() })),
  task: z.exactOptional(task),
  data,
});

const step = z.object({
  technique: z.string(),
  title: z.string(),
  options: z.record(z.string(), z.unknown()),
  notes: z.array(z.string()),
  kept: z.array(z.object({ layer: z.string(), reason: z.string() })),
  weights: z.exactOptional(z.array(z.object({ name: z.string(), dtype: z.string(), bytes: z.number(), sqnrDb: z.exactOptional(z.number()), maxAbs: z.number() }))),
  milliseconds: z.number(),
});

const variant = z.object({
  id: z.string(),
  title: z.string(),
  steps: z.array(step),
  status: z.enum(['accepted', 'rejected', 'failed', 'not-chosen']),
  reason: z.string(),
  path: z.exactOptional(z.string()),
  sha256: z.exactOptional(z.string()),
  weightsSha256: z.exactOptional(z.string()),
  fileBytes: z.exactOptional(z.number()),
  weightBytes: z.exactOptional(z.number()),
  uncalibrated: z.boolean(),
  comparison: z.exactOptional(comparison),
  benchmark: z.exactOptional(benchmark),
  predicted: z.exactOptional(z.object({ weightBytes: z.exactOptional(range), macs: z.exactOptional(range), milliseconds: z.exactOptional(range), device: z.exactOptional(z.string()) })),
  layers: z.exactOptional(z.array(z.object({ layer: z.string(), op: z.string(), sourceMs: z.number(), variantMs: z.number() }))),
  layerErrors: z.exactOptional(z.array(z.object({ layer: z.string(), origins: z.array(z.string()), sqnrDb: z.number() }))),
});

const sensitivity = z.object({
  layers: z.array(z.object({ layer: z.string(), op: z.string(), origins: z.array(z.string()), outputDb: z.exactOptional(z.number()), predictedDb: z.number() })),
  samples: z.number(),
  measured: z.number(),
  rankCorrelation: z.exactOptional(z.number()),
  seconds: z.number(),
});

/** Fields that are not named here are dropped. */
export const reportSchema = z.object({
  schema: z.literal(1),
  source: z.object({ path: z.string(), sha256: z.string(), weightsSha256: z.exactOptional(z.string()), fileBytes: z.number(), weightBytes: z.number() }),
  goal: z.enum(['latency', 'size', 'memory', 'simplification']),
  target: z.string(),
  data,
  settings,
  floor: z.object({ metric: z.enum([...metricNames, '']), minimum: z.number(), task: z.exactOptional(z.object({ metric: z.enum(taskMetricNames), ...limitFields })) }),
  seed: z.number(),
  variants: z.array(variant),
  sensitivity: z.exactOptional(sensitivity),
  winner: z.exactOptional(z.string()),
  confirmation: z.exactOptional(benchmark),
  conclusion: z.string(),
  recipePath: z.exactOptional(z.string()),
  reportPath: z.exactOptional(z.string()),
  machine,
  versions: z.record(z.string(), z.string()),
  startedAt: z.string(),
  seconds: z.number(),
}) satisfies z.ZodType<OptimizationReport>;
