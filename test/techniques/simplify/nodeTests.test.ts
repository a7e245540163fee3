// Simplify held against ONNX's own tests: whatever the runtime runs gives the same outputs before and after.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../../src/formats/onnx/read';
import { cloneModel } from '../../../src/graph/construct';
import type { Model } from '../../../src/graph/model';
import { compareOutputs } from '../../../src/runtime/compare';
import { openSamples } from '../../../src/runtime/data/datasets';
import { readDataSet } from '../../../src/runtime/data/sources/testDataSets';
import type { Tensor } from '../../../src/tensor/tensor';
import { type Feeds, firstSample } from '../../../src/runtime/data/samples';
import { roundingRules } from '../../../src/techniques/simplify/rules';
import { simplifyModel, simplifyOptions } from '../../../src/techniques/simplify/simplify';
import { sharedPath } from '../../support/shared';
import { listNodeTests, type NodeTest } from '../../support/nodeTests';
import { leastDecibels, leastOfHalves, lowestSqnr, sharedRunner, stopRunner, techniqueContext } from './support';

afterAll(stopRunner);

const results = sharedPath('data/ort-1.30-node-results.json');
/** The runtime's kernels of these sum in an order that depends on where their input lies in memory; measured at 16 addresses, they gave 4 results. */
const sumsByAddress = ['ReduceMean', 'ReduceSum'];
const leastOfSums = 120;

interface Result {
  readonly test: string;
  readonly result: string;
}

const passes = new Set(results === undefined ? [] : (JSON.parse(readFileSync(results, 'utf8')) as Result[]).filter(({ result }) => result === 'pass').map(({ test }) => test));
const tests = results === undefined ? [] : listNodeTests().filter(({ name, group }) => passes.has(`${group}/${name}`));
if (tests.length === 0) console.info('ONNX node tests and what onnxruntime makes of them are not shared here: simplify is not held against them.');

/** `test_x` and `test_x_expanded…`, the same operator spelled out. */
const pairs = tests.filter(({ name, group }) => name.includes('_expanded') && passes.has(`${group}/${name.slice(0, name.indexOf('_expanded'))}`));

/** Beside the model as it is: with all inputs but the first held constant, so that there is something to fold. */
function withConstants(model: Model, feeds: Feeds): { model: Model; feeds: Feeds } {
  const [first, ...others] = [...feeds];
  const copy = cloneModel(model);
  const constant = new Set(others.map(([name]) => name));
  copy.graph.inputs = copy.graph.inputs.filter(({ name }) => !constant.has(name));
  for (const [name, tensor] of others) copy.graph.initializers.set(name, tensor);
  copy.irVersion = Math.max(copy.irVersion, 4);
  return { model: copy, feeds: new Map(first === undefined ? [] : [first]) };
}

type Outputs = Parameters<typeof compareOutputs>[0];
const levels = ['disabled', 'all'] as const;

async function run(model: Model, feeds: Feeds, optimization: (typeof levels)[number]): Promise<Outputs> {
  const session = await (await sharedRunner()).load(model, { optimization });
  const { outputs } = await session.run(feeds);
  await session.release();
  return outputs;
}

/** Undefined where the runtime does not run the source at this level, or its variant with constants at all. */
function runSource(model: Model, feeds: Feeds, optimization: (typeof levels)[number], mustRun: boolean): Promise<Outputs | undefined> {
  const outputs = run(model, feeds, optimization);
  return mustRun && optimization === 'all' ? outputs : outputs.catch(() => undefined);
}

/** SQNR that the outputs need; Infinity: equal bit for bit. */
function needed(source: Model, outputs: Outputs, counts: ReadonlyMap<string, number>, optimization: (typeof levels)[number]): number {
  if (optimization === 'all' || [...counts.keys()].some((id) => roundingRules.has(id))) return [...outputs.values()].some(({ elementType }) => elementType === 'float16') ? leastOfHalves : leastDecibels;
  return source.graph.nodes.some(({ opType }) => sumsByAddress.includes(opType)) ? leastOfSums : Infinity;
}

/** What is wrong with the simplified model, or how it stands to the source. */
async function verdict(source: Model, feeds: Feeds, mustRun: boolean): Promise<'unchanged' | 'equal' | { readonly wrong: string }> {
  const { model, counts } = await simplifyModel(source, simplifyOptions.parse({}), await techniqueContext(source));
  if (counts.size === 0) return 'unchanged';
  for (const optimization of levels) {
    const before = await runSource(source, feeds, optimization, mustRun);
    if (before === undefined) continue;
    const outputs = compareOutputs(before, await run(model, feeds, optimization));
    if (outputs.every(({ bitEqual }) => bitEqual)) continue;
    if (outputs.every(({ problem, inSource }) => problem === undefined || inSource === true) && lowestSqnr(outputs) >= needed(source, before, counts, optimization)) continue;
    const random = compareOutputs(before, await run(source, feeds, optimization)).some(({ bitEqual }) => !bitEqual);
    if (!random) return { wrong: `at ${optimization}: ${[...counts.keys()].join()}: ${JSON.stringify(outputs)}` };
  }
  return 'equal';
}

describe.skipIf(tests.length === 0)('simplify on every node test that onnxruntime runs', () => {
  it('has all pairs of an operator and its expansion before it', () => {
    expect(tests.length).toBeGreaterThanOrEqual(1463);
    expect(pairs.length).toBeGreaterThanOrEqual(345);
  });

  it.each([
    { what: 'as it is', prepare: (model: Model, feeds: Feeds) => ({ model, feeds }), least: 100 },
    { what: 'with all inputs but the first constant', prepare: withConstants, least: 300 },
  ])('keeps the outputs of each, $what', async ({ prepare, least }) => {
    const wrong: string[] = [];
    let changed = 0;
    const check = async ({ name, model: path, dataSets }: NodeTest): Promise<void> => {
      const source = readOnnxModel(path);
      const feeds = dataSets.some((folder) => readDataSet(folder, 'input').length > 0) ? await firstSample(await openSamples(dirname(path), source)) : new Map<string, Tensor>();
      const prepared = prepare(source, feeds);
      const found = await verdict(prepared.model, prepared.feeds, prepared.model === source);
      if (found === 'equal') changed++;
      else if (found !== 'unchanged') wrong.push(`${name} ${found.wrong}`);
    };
    for (const test of tests) {
      try {
        await check(test);
      } catch (thrown) {
        wrong.push(`${test.name}: ${String(thrown)}`);
      }
    }
    console.info(`${changed} of ${tests.length} node tests changed by simplify`);
    expect(wrong).toEqual([]);
    expect(changed).toBeGreaterThan(least);
  }, 600_000);
});
