// Bad input 24 and 25 at the command line: what can be viewed is viewed, what cannot be run says why, nothing is left behind.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../src/protocol/analysis';
import { floatType, modelBytes, modelFile } from '../support/models';
import { lathe, latheError } from './support';

type Fields = Record<string, unknown>;
const odd = (domain = ''): Fields => ({ op_type: 'Frobnicate', name: 'odd', domain, input: ['x'], output: ['y'] });
const imports = [{ version: 17 }, { domain: 'com.example', version: 3 }];

/** Name, graph, model; what `inspect` remarks; the error of what runs it; whether `check` passes it. */
const unrunnable: readonly (readonly [string, Fields, Fields, string, Fields, number])[] = [
  [
    'no operator set',
    {},
    { opset_import: [] },
    'The model does not say which operator set it uses: it can be viewed, not run.',
    { code: 'unsupported', message: 'The model does not say which operator set it uses: it can be viewed, not run.', item: 'ai.onnx', hint: 'Export it for opset 26 or older.' },
    1,
  ],
  [
    'a huge operator set',
    {},
    { opset_import: [{ version: 9999 }] },
    'The model uses opset 9999; the newest known is 26: it can be viewed, not run.',
    { code: 'unsupported', message: 'The model uses opset 9999; the newest known is 26: it can be viewed, not run.', item: 'ai.onnx' },
    1,
  ],
  [
    'an unknown operator',
    { node: [odd()] },
    {},
    'Frobnicate is no operator that is known here at opset 17; nor are its shape and cost.',
    { code: 'runtime', message: 'onnxruntime does not know the operator Frobnicate of opset 17: the model can be viewed, not run.', item: 'odd' },
    0,
  ],
  [
    'an operator of an unknown domain',
    { node: [odd('com.example')] },
    { opset_import: imports },
    'com.example.Frobnicate is no operator that is known here at opset 3; nor are its shape and cost.',
    { code: 'runtime', message: 'onnxruntime does not know the operator com.example.Frobnicate: the model can be viewed, not run.', item: 'com.example.Frobnicate' },
    0,
  ],
  [
    'an operator of a domain that is not imported',
    { node: [odd('com.example')] },
    {},
    'The model uses operators of "com.example", but does not import that operator set: it can be viewed, but a runtime may refuse it.',
    { code: 'runtime', message: 'onnxruntime does not know the operator com.example.Frobnicate: the model can be viewed, not run.', item: 'odd' },
    1,
  ],
];

describe('a model with', () => {
  it.each(unrunnable)('%s is inspected, and cannot be run', (_, graph, model, remark, error, checked) => {
    const path = modelFile(modelBytes({ output: [{ name: 'y', type: floatType(2) }], ...graph }, model));
    const inspected = lathe('inspect', path, '--json');
    const { layers, findings, warnings } = JSON.parse(inspected.stdout) as Inspection;
    expect([inspected.status, inspected.stderr, layers.length]).toEqual([0, '', 1]);
    expect([...findings, ...warnings].map(({ message }) => message)).toContain(remark);
    for (const command of [['bench'], ['profile'], ['optimize', '--goal', 'simplification']]) expect(latheError(...command, path)).toMatchObject({ status: 2, error: { ...error, file: path } });
    const check = lathe('check', path);
    expect(check.status).toBe(checked);
    expect(check.stdout.split('\n').filter((line) => line.includes(remark)).length).toBeLessThanOrEqual(1);
    expect(readdirSync(dirname(path))).toEqual(['model.onnx']);
  });
});

describe('a model whose shapes contradict each other', () => {
  const pair = (opType: string, a: readonly number[], b: readonly number[]): string =>
    modelFile(modelBytes({ node: [{ op_type: opType, name: 'bad', input: ['x', 'w'], output: ['y'] }], input: [{ name: 'x', type: floatType(...a) }, { name: 'w', type: floatType(...b) }], output: [{ name: 'y', type: floatType('m', 'n') }] }));

  it.each([
    ['MatMul', [3, 4], [5, 6], 'MatMul bad: the axis summed over is 4 on one side and 5 on the other (inputs x[3, 4], w[5, 6]).'],
    ['Add', [2, 3], [2, 4], 'Add bad: shapes [2, 3] and [2, 4] do not broadcast (inputs x[2, 3], w[2, 4]).'],
  ])('in %s is inspected with an error, fails its check and is not optimized', (opType, a, b, message) => {
    const path = pair(opType, a, b);
    const { status, stdout } = lathe('inspect', path, '--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Inspection).findings).toContainEqual(expect.objectContaining({ code: 'shape-contradiction', severity: 'error', layer: 'bad', message }));
    const check = lathe('check', path);
    expect([check.status, check.stdout]).toEqual([1, `error: ${message}\n${path}: 1 problem\n`]);
    expect(latheError('optimize', path)).toMatchObject({ status: 2, error: { code: 'invalid-model', file: path, item: 'bad', message } });
    expect(readdirSync(dirname(path))).toEqual(['model.onnx']);
  });

  it('whose declared output is another is refused too, though a runtime takes it', () => {
    const path = modelFile(modelBytes({ output: [{ name: 'y', type: floatType(3) }] }));
    expect(lathe('check', path).stdout).toContain('Relu relu: y is declared [3], but its inputs make it [2].');
    expect(latheError('optimize', path, '--goal', 'simplification')).toMatchObject({ status: 2, error: { code: 'invalid-model', item: 'relu' } });
  });
});
