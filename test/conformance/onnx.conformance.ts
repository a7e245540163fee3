// Runs the suites over ONNX's backend tests and writes docs/conformance.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readOnnxBytes } from '../../src/formats/onnx/read';
import { encodeOnnxModel } from '../../src/formats/onnx/write';
import { Runner } from '../../src/runtime/runner';
import { listNodeTests } from '../support/nodeTests';
import { inferenceSuites } from './inference';
import { simplifyModel, simplifyOptions } from '../../src/techniques/simplify/simplify';
import { stopRunner, techniqueContext } from '../techniques/simplify/support';
import { changedSuite, roundTripSuite, sameBits, sameButForRounding, textSuite } from './rewriting';
import { conformanceMarkdown, passed, type SuiteResult } from './suite';

const tests = listNodeTests();
const nodeTests = tests.filter(({ group }) => group === 'node');
const results: SuiteResult[] = [];
let current: Runner | undefined;

/** The runner; a new one where the last was killed by what it ran. */
async function runner(): Promise<Runner> {
  if (current?.alive !== true) current = await Runner.start();
  return current;
}

function record(result: SuiteResult): void {
  results.push(result);
  console.log(`${result.title}: ${passed(result)} of ${result.total}`);
  expect(result.total).toBeGreaterThan(0);
}

afterAll(async () => {
  current?.dispose();
  await stopRunner();
  writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'conformance.md'), conformanceMarkdown(results, '1,802 of them, up to opset 26'));
});

it('infers shapes', () => {
  for (const result of inferenceSuites(nodeTests)) record(result);
});

it('reads and writes', () => {
  record(roundTripSuite(tests));
});

it('prints and reads text', () => {
  record(textSuite(tests));
});

it('runs what was simplified', async () => {
  record(
    await changedSuite(tests, runner, {
      title: 'Simplified and run',
      about: 'onnxruntime runs the source and what `simplify` makes of it at its full optimization on the inputs of the test: outputs are equal, but for rounding where the runtime fuses the one and not the other (SQNR of 90 dB or more, of float16 66).',
      change: async (model) => (await simplifyModel(model, simplifyOptions.parse({}), await techniqueContext(model))).model,
      same: sameButForRounding,
    }),
  );
});

it('runs what was read and written', async () => {
  record(
    await changedSuite(tests, runner, {
      title: 'Read, written and run',
      about: 'onnxruntime runs the source and what was read and written of it on the inputs of the test: all outputs are equal bit for bit.',
      change: (model) => readOnnxBytes(encodeOnnxModel(model)),
      same: sameBits,
    }),
  );
});
