// Findings on models whose faults are known because the test puts them there; sizes are counted by hand from the shapes.
import { beforeAll, describe, expect, it } from 'vitest';
import { findFindings } from '../../src/advice/findings';
import { analyzeModel } from '../../src/analysis/analyze';
import { GraphBuilder } from '../../src/graph/builder';
import type { Model } from '../../src/graph/model';
import { tensorFromArray } from '../../src/tensor/tensor';
import { placedMessage, type Finding, type FindingCode } from '../../src/protocol/findings';
import type { Profile } from '../../src/protocol/measurement';
import { buildFlawed } from '../../samples/architectures/flawed';
import { buildResNet50 } from '../../samples/architectures/resnet50';
import { collidingTensors } from '../support/hashCollision';
import { findingTitles } from '../../webview/model/inspector/findingTitles';

/** Of a run nothing was learnt from. */
const profile: Profile = {
  settings: { provider: 'cpu', threads: 1, bindings: {} },
  runs: 1,
  milliseconds: {},
  fusedInto: {},
  added: [],
  totalMs: 1,
  latencyMs: { value: 1, low: 1, high: 1 },
  machine: { cpu: '', cores: 1, memoryBytes: 1, platform: '', node: '', onnxruntime: '' },
  measuredAt: '',
};

async function findingsOf(model: Model, deep = false): Promise<Finding[]> {
  return findFindings(model, analyzeModel(model), { deep });
}

describe('findings of a model with one of each fault', () => {
  let findings: Finding[] = [];
  const all = (code: FindingCode): Finding[] => findings.filter((finding) => finding.code === code);
  beforeAll(async () => {
    findings = await findingsOf(buildFlawed(), true);
  });

  it('name the fully connected layer that holds most of the weights as oversized, with its bytes', () => {
    const [oversized] = all('oversized-layer').filter((finding) => finding.layer?.includes('wide') === true);
    expect(oversized?.cost.bytes).toBe((2048 * 1024 + 1024) * 4);
  });

  it('offer static and dynamic int8 for it, each with an estimate that never exceeds the weights', () => {
    const [oversized] = all('oversized-layer').filter((finding) => finding.layer?.includes('wide') === true);
    expect(oversized?.fixes.map((fix) => fix.technique)).toEqual(['quantize-static', 'quantize-dynamic']);
    for (const fix of oversized?.fixes ?? []) expect(-(fix.estimate.weightBytes?.low ?? 0)).toBeLessThanOrEqual((2048 * 1024 + 1024) * 4);
  });

  it('count the two BatchNormalization nodes after convolutions: four vectors of 32 floats each', () => {
    expect(all('unfolded-batchnorm').map((finding) => finding.cost.bytes)).toEqual([4 * 32 * 4, 4 * 32 * 4]);
  });

  it('find the weights stored twice, by content', () => {
    expect(all('duplicate-weights').map((finding) => [finding.value, finding.cost.bytes])).toEqual([['twins.right.weight', 32 * 32 * 9 * 4]]);
  });

  it('call both the dead convolution and the activation after it dead', () => {
    expect(all('dead-node').map((finding) => finding.layer)).toEqual(expect.arrayContaining(['/dead/conv/Conv', '/dead/relu/Relu']));
  });

  it('find the float64 step', () => {
    expect(all('float64').some((finding) => finding.value === 'doubtful.gain')).toBe(true);
  });

  it('find the pair of transposes and the identity', () => {
    expect(all('redundant-reshape')).toHaveLength(2);
  });

  it('give every fix an id of its own place, and the same ids when asked again', async () => {
    const again = await findingsOf(buildFlawed(), true);
    expect(again.flatMap((finding) => finding.fixes.map((fix) => fix.id))).toEqual(findings.flatMap((finding) => finding.fixes.map((fix) => fix.id)));
  });

  it('say in a sentence what the heading above it does not', () => {
    for (const { code, message } of findings) expect(message.toLowerCase()).not.toContain(findingTitles[code].toLowerCase());
    expect(all('oversized-layer').map(({ message }) => message)).toContain('Gemm 1024×2048 holds 8.39 MB (94.1 % of the weights).');
    expect(all('dead-node').map((finding) => placedMessage(finding))).toContain('/dead/relu/Relu: No output of the model needs this Relu.');
    expect(all('duplicate-weights').map((finding) => placedMessage(finding))).toEqual(['twins.right.weight (36.9 kB) holds the same numbers as twins.left.weight.']);
  });

  it('read no weights unless asked to', async () => {
    const shallow = await findingsOf(buildFlawed());
    expect(shallow.some((finding) => finding.code === 'duplicate-weights' || finding.code === 'nan-weights')).toBe(false);
  });
});

describe('findings of other models', () => {
  it('keep oversized layers to at most ten per metric, each of at least 5 %, costliest first', async () => {
    const oversized = (await findingsOf(buildResNet50())).filter((finding) => finding.code === 'oversized-layer');
    const bytes = oversized.map((finding) => finding.cost.bytes ?? 0);
    expect(oversized.length).toBeLessThanOrEqual(20);
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
  });

  it('warn of NaN weights and count them', async () => {
    const builder = new GraphBuilder('nan');
    const root = builder.module('');
    const x = builder.input('x', 'float32', [1, 2]);
    builder.output(root.node('Add', [x, root.float32('bias', [Number.NaN, 1], [2])]), 'float32', [1, 2], 'y');
    const [first] = await findingsOf(builder.build(), true);
    expect(first?.code).toBe('nan-weights');
    expect(first?.severity).toBe('warning');
    expect(first?.message).toContain('1 of the weights in bias');
  });

  it('call no weights equal that only share a hash', async () => {
    const builder = new GraphBuilder('alike');
    const root = builder.module('');
    const [a, b] = collidingTensors('a', 'b').map((tensor) => builder.initializer(tensor));
    builder.output(root.node('Sub', [root.node('Mul', [builder.input('x', 'float32', [4096]), a ?? '']), b ?? '']), 'float32', [4096], 'y');
    expect((await findingsOf(builder.build(), true)).map((finding) => finding.code)).not.toContain('duplicate-weights');
  });

  it('take a node called constructor for one the profile says nothing of', async () => {
    const builder = new GraphBuilder('odd', { opset: 14 });
    const root = builder.module('');
    const x = root.node('Conv', [builder.input('x', 'float32', [1, 2, 4, 4]), root.weight('w', [2, 2, 1, 1], {})], {}, { name: 'toString' });
    builder.output(root.node('HardSwish', [x], {}, { name: 'constructor' }), 'float32', [1, 2, 4, 4], 'y');
    const model = builder.build();
    const timed = await findFindings(model, analyzeModel(model), { deep: false, profile: profile });
    expect(timed).toEqual(await findingsOf(model));
    expect(timed.map((finding) => finding.layer)).toContain('constructor');
  });

  it('say that a generated constant is one without making it', async () => {
    const builder = new GraphBuilder('large', { opset: 13 });
    const root = builder.module('');
    let sum = builder.input('x', 'float32', [1]);
    const count = 6;
    for (let i = 0; i < count; i++) sum = root.node('Add', [sum, root.node('ReduceMax', [root.node('Expand', [root.float32(`c${i}`, [i]), root.int64(`s${i}`, [2 ** 25])])])]);
    builder.output(sum, 'float32', [1], 'y');
    const model = builder.build();
    const analysis = analyzeModel(model);
    const before = process.memoryUsage().arrayBuffers;
    const findings = await findFindings(model, analysis, { deep: false });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(findings.filter((finding) => finding.code === 'foldable-constants').map((finding) => finding.message)).toEqual([`${2 * count} nodes compute the same result on every run (first: Expand).`]);
  });

  it('call nothing constant that is fed, drawn at random or only quantized', async () => {
    const builder = new GraphBuilder('fed', { opset: 13 });
    const root = builder.module('');
    const size = builder.input('size', 'int64', [1]);
    const shape = root.int64('shape', [4]);
    const expanded = root.node('Expand', [root.float32('one', [1]), size]);
    const random = root.node('RandomNormalLike', [root.float32('like', [1, 2, 3, 4], [4])]);
    const dequantized = root.node('DequantizeLinear', [builder.initializer(tensorFromArray('q', 'int8', [4], new Int8Array(4))), root.float32('scale', [0.1])]);
    builder.output(root.node('Sum', [expanded, random, root.node('Reshape', [dequantized, shape])]), 'float32', ['n'], 'y');
    expect((await findingsOf(builder.build())).map((finding) => finding.code)).not.toContain('foldable-constants');
  });

  it('warn of an operator nobody knows', async () => {
    const builder = new GraphBuilder('odd');
    const x = builder.input('x', 'float32', [1]);
    builder.output(builder.module('').node('Frobnicate', [x]), 'float32', [1], 'y');
    expect((await findingsOf(builder.build())).map((finding) => [finding.code, finding.severity])).toContainEqual(['unknown-operator', 'warning']);
  });

  it('warn of a convolution whose weights are quantised but whose input is not', async () => {
    const builder = new GraphBuilder('half');
    const root = builder.module('');
    const x = builder.input('x', 'float32', [1, 4]);
    const weight = builder.initializer(tensorFromArray('weight', 'int8', [4, 4], new Int8Array(16)));
    builder.output(root.node('MatMul', [x, root.node('DequantizeLinear', [weight, root.float32('scale', [0.1])])]), 'float32', [1, 4], 'y');
    expect((await findingsOf(builder.build())).map((finding) => finding.code)).toContain('unfused-quantization');
  });
});
