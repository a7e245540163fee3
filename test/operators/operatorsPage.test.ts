// The operator table is complete, and docs/operators.md says what it says.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findOperator, operatorRows } from '../../src/operators/table';
import { onnxVersions } from '../support/onnxVersions';
import { operatorsPage } from '../support/operatorsPage';

const page = new URL('../../docs/operators.md', import.meta.url);

describe('the operator table', () => {
  it('knows every operator of ONNX up to opset 26 and of ai.onnx.ml, in each of its versions', () => {
    const missing = onnxVersions.flatMap(({ domain, opType, versions }) => versions.filter((version) => findOperator(domain, opType, version) === undefined).map((version) => `${domain} ${opType} ${version}`));
    expect(missing).toEqual([]);
    expect(onnxVersions.length).toBeGreaterThan(220);
  });

  it('has one row for an operator and a version, with every output named', () => {
    const keys = operatorRows.map(({ domain, opType, since }) => `${domain} ${opType} ${since}`);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
    expect(operatorRows.filter(({ outputs }) => outputs.length === 0)).toEqual([]);
  });

  it('names as weights only inputs that there are', () => {
    const beyond = operatorRows.flatMap(({ opType, inputs, weights = [] }) => weights.filter(({ input }) => input >= inputs.length && inputs.at(-1)?.variadic !== true).map(({ input }) => `${opType} ${input}`));
    expect(beyond).toEqual([]);
  });

  it('is the one in docs/operators.md; UPDATE_DOCS=1 writes it anew', () => {
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, operatorsPage());
    expect(readFileSync(page, 'utf8')).toBe(operatorsPage());
  });
});
