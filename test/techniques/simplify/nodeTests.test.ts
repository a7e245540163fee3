// ONNX's own node tests whose operator is spelled out in simpler ones (`…_expanded`): simplified, they give what ONNX says they give.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { sharedPath } from '../../support/shared';
import { listNodeTests } from '../../support/nodeTests';
import { lowestSqnr, simplifyAndCompare, stopRunner } from './support';

afterAll(stopRunner);

const results = sharedPath('data/ort-1.30-node-results.json');
interface Result {
  readonly test: string;
  readonly result: string;
}

const passes = new Set(results === undefined ? [] : (JSON.parse(readFileSync(results, 'utf8')) as Result[]).filter(({ result }) => result === 'pass').map(({ test }) => test));
const tests = results === undefined ? [] : listNodeTests().filter(({ name, group }) => name.includes('_expanded') && passes.has(`${group}/${name}`));

describe.skipIf(tests.length === 0)('simplify on the expanded node tests', () => {
  it('keeps their outputs', async () => {
    const wrong: string[] = [];
    for (const { name, model } of tests) {
      try {
        const { outputs } = await simplifyAndCompare(readOnnxModel(model), {}, {}, dirname(model));
        if (outputs.some(({ problem }) => problem !== undefined && problem !== 'holds NaN') || lowestSqnr(outputs) < 100) wrong.push(`${name}: ${JSON.stringify(outputs)}`);
      } catch (thrown) {
        wrong.push(`${name}: ${String(thrown)}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});
