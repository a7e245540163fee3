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
