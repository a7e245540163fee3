// Reading and writing over the node tests: what is written means the same to another implementation, and runs to the same bits.
import { readFileSync } from 'node:fs';
import { readOnnxBytes, readOnnxModel } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { isDeepStrictEqual } from 'node:util';
import { carryOver } from '../../src/formats/text/notHeld';
import { printModel } from '../../src/formats/text/print';
import { parseModelText } from '../../src/formats/text/read';
import { LatheError } from '../../src/base/errors';
import type { Model } from '../../src/graph/model';
import { compareOutputs } from '../../src/runtime/compare';
import type { Runner } from '../../src/runtime/runner';
import type { Tensor } from '../../src/tensor/tensor';
import { listLightModels, type NodeTest } from '../support/nodeTests';
import { testTensors } from '../support/nodeTestTypes';
import { leastDecibels, leastOfHalves } from '../techniques/simplify/support';
import { meaning } from '../support/meaning';
import { canonicalModel } from '../support/onnxProto';
import type { Exception, SuiteResult } from './suite';

export function roundTripSuite(tests: readonly NodeTest[]): SuiteResult {
  const exceptions: Exception[] = [];
  const all = [...tests, ...listLightModels()];
  for (const { name, model } of all) {
    const bytes = readFileSync(model);
    const written = encodeOnnxModel(readOnnxBytes(bytes));
    if (JSON.stringify(canonicalModel(written)) !== JSON.stringify(canonicalModel(bytes))) exceptions.push({ name, reason: 'The written model means something else to protobufjs' });
  }
  return { title: 'Read and written', about: 'What was read is written and decoded with protobufjs, beside what protobufjs makes of the source: all fields are equal. The nine `light` architectures are among them.', total: all.length, exceptions };
}

export function textSuite(tests: readonly NodeTest[]): SuiteResult {
  const exceptions: Exception[] = [];
  const all = [...tests, ...listLightModels()];
  for (const { name, model } of all) {
    const source = readOnnxModel(model);
    try {
      const read = parseModelText(printModel(source), { source });
      if (carryOver(read, source).length > 0) exceptions.push({ name, reason: 'Something the text has no place for does not come back' });
      else if (!isDeepStrictEqual(meaning(read), meaning(source))) exceptions.push({ name, reason: 'The model read from its text means something else' });
    } catch (thrown) {
      exceptions.push({ name, reason: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown) });
    } finally {
      source.dispose();
    }
  }
  return { title: 'Printed as text and read again', about: 'The model read from the text of a model, with what the syntax has no place for carried over, is the model: all fields are equal to protobufjs, the `light` architectures among them.', total: all.length, exceptions };
}

/** What a change of a model is judged by: both run on the test's own inputs. */
export type Change = (model: Model) => Promise<Model> | Model;

/** Outputs that are random by definition. */
const random = new Set(['Bernoulli', 'Multinomial', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Dropout']);

/** Runs a model on a test's inputs. @throws LatheError of the runtime */
export async function runTest(runner: Runner, model: Model | { readonly path: string }, feeds: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
  const session = await runner.load(model);
  try {
    return (await session.run(feeds)).outputs;
  } finally {
    await session.release();
  }
}

export interface ChangedSuite {
  readonly title: string;
  readonly about: string;
  readonly change: Change;
  readonly same: (before: Tensor, after: Tensor) => boolean;
}

/** Every test that the runtime runs as it is, run again after `change`. */
export async function changedSuite(tests: readonly NodeTest[], runner: () => Promise<Runner>, { title, about, change, same }: ChangedSuite): Promise<SuiteResult> {
  const exceptions: Exception[] = [];
  const left = new Map<string, number>();
  const leave = (why: string): void => void left.set(why, (left.get(why) ?? 0) + 1);
  let total = 0;
  for (const test of tests) {
    const model = readOnnxModel(test.model);
    const fed = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
    const tensors = testTensors(test, 'input', fed.length);
    const feeds = new Map(fed.flatMap(({ name }, i): [string, Tensor][] => (tensors[i] === undefined ? [] : [[name, tensors[i]]])));
    if (feeds.size < fed.length) leave('with a sequence or an optional for input, which cannot be fed');
    else if (model.graph.nodes.some(({ opType }) => random.has(opType))) leave('random by definition');
    else {
      const before = await runTest(await runner(), { path: test.model }, feeds).catch((thrown: unknown) => thrown);
      if (!(before instanceof Map)) leave('that onnxruntime does not run');
      else {
        total++;
        const reason = await differs(await runner(), model, feeds, before as ReadonlyMap<string, Tensor>, change, same);
        if (reason !== undefined) exceptions.push({ name: test.name, reason });
      }
    }
    model.dispose();
  }
  const without = [...left].map(([why, count]) => `${count} ${why}`).join('; ');
  return { title, about: `${about} Not counted, because they cannot be compared: ${without}.`, total, exceptions };
}

async function differs(runner: Runner, model: Model, feeds: ReadonlyMap<string, Tensor>, before: ReadonlyMap<string, Tensor>, change: Change, same: ChangedSuite['same']): Promise<string | undefined> {
  try {
    const after = await runTest(runner, await change(model), feeds);
    for (const [name, tensor] of before) {
      const other = after.get(name);
      if (other === undefined) return 'An output is gone';
      if (!same(tensor, other)) return 'Outputs differ';
    }
    return undefined;
  } catch (thrown) {
    return `${thrown instanceof LatheError ? thrown.code : 'error'}: ${thrown instanceof Error ? thrown.message.split('\n')[0]?.slice(0, 160) : String(thrown)}`;
  }
}

export function sameButForRounding(a: Tensor, b: Tensor): boolean {
  const [compared] = compareOutputs(new Map([['output', a]]), new Map([['output', b]]));
  if (compared === undefined || compared.bitEqual) return compared !== undefined;
  return (compared.problem === undefined || compared.inSource === true) && (compared.sqnrDb ?? -Infinity) >= (a.elementType === 'float16' ? leastOfHalves : leastDecibels);
}

export function sameBits(a: Tensor, b: Tensor): boolean {
  if (a.elementType !== b.elementType || a.dims.join() !== b.dims.join()) return false;
  if (a.elementType === 'string') return JSON.stringify(a.strings?.map((text) => [...text])) === JSON.stringify(b.strings?.map((text) => [...text]));
  return Buffer.compare(a.source.read(), b.source.read()) === 0;
}
