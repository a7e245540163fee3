// Raising the opset of ONNX's own tests: what the runtime runs gives the same outputs at every later opset, or is refused with a reason.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LatheError } from '../../../src/base/errors';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { newestOpset } from '../../../src/graph/opsets';
import { assertValid } from '../../../src/graph/verify';
import { compareOutputs } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { firstSample } from '../../../src/runtime/data/samples';
import { readDataSet } from '../../../src/runtime/data/sources/testDataSets';
import { opsetOfModel, raiseOpset } from '../../../src/techniques/simplify/opset';
import { listNodeTests, type NodeTest } from '../../support/nodeTests';
import { sharedPath } from '../../support/shared';
import { lowestSqnr, sharedRunner, stopRunner } from './support';

afterAll(stopRunner);

const results = sharedPath('data/ort-1.30-node-results.json');
const passes = new Set(results === undefined ? [] : (JSON.parse(readFileSync(results, 'utf8')) as { readonly test: string; readonly result: string }[]).filter(({ result }) => result === 'pass').map(({ test }) => test));
const tests = results === undefined ? [] : listNodeTests().filter(({ name, group }) => passes.has(`${group}/${name}`));
if (tests.length === 0) console.info('ONNX node tests and what onnxruntime makes of them are not shared here: raised opsets are not held against them.');

/** What the runtime cannot run at a newer opset, though nothing of the operator changed. */
const exceptions = new Map([['test_swish', 'it takes Swish apart in models of opset 24 only, and has no kernel of it']]);

type Verdict = 'raised' | { readonly refused: string } | { readonly wrong: string };

async function verdict({ model: path, dataSets }: NodeTest, to: number): Promise<Verdict | undefined> {
  const source = readOnnxModel(path);
  const from = opsetOfModel(source);
  if (from === undefined || from >= to) return undefined;
  let raised;
  try {
    raised = raiseOpset(source, to);
  } catch (thrown) {
    if (thrown instanceof LatheError && thrown.code === 'unsupported') return { refused: thrown.message };
    throw thrown;
  }
  assertValid(raised);
  const feeds = dataSets.some((folder) => readDataSet(folder, 'input').length > 0) ? await firstSample(await openSamples(dirname(path), source)) : new Map<string, never>();
  const runner = await sharedRunner();
  const run = async (model: typeof source) => {
    const session = await runner.load(model);
    const { outputs } = await session.run(feeds);
    await session.release();
    return outputs;
  };
  const before = await run(source);
  const outputs = compareOutputs(before, await run(raised));
  if (outputs.every(({ bitEqual }) => bitEqual) || lowestSqnr(outputs) > 110) return 'raised';
  if (compareOutputs(before, await run(source)).some(({ bitEqual }) => !bitEqual)) return 'raised'; // random
  return { wrong: JSON.stringify(outputs) };
}

describe.skipIf(tests.length === 0)('raising the opset of every node test that onnxruntime runs', () => {
  it.each([13, newestOpset])('to %i keeps the outputs', async (to) => {
    const wrong: string[] = [];
    const refused = new Map<string, number>();
    let raised = 0;
    for (const test of tests.filter(({ name }) => !exceptions.has(name))) {
      const found = await verdict(test, to).catch((thrown: unknown): Verdict => ({ wrong: String(thrown) }));
      if (found === 'raised') raised++;
      else if (found !== undefined && 'refused' in found) refused.set(found.refused, (refused.get(found.refused) ?? 0) + 1);
      else if (found !== undefined) wrong.push(`${test.name}: ${found.wrong}`);
    }
    console.info(`to ${to}: ${raised} raised, ${[...refused.values()].reduce((sum, n) => sum + n, 0)} refused`, [...refused]);
    expect(wrong).toEqual([]);
    expect(raised).toBeGreaterThan(to === newestOpset ? 1400 : 90);
  }, 600_000);
});
