// Runs public TensorFlow.js models through reading, counting and conversion to ONNX, and writes docs/conformance-tensorflowjs.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { toLatheError } from '../../src/base/errors';
import { openModel } from '../../src/formats/open';
import { tfjsContents, weightElements } from '../../src/formats/tfjs/contents';
import { kerasRules } from '../../src/formats/tfjs/lower/keras/index';
import { lowerToOnnx } from '../../src/formats/tfjs/lower/lower';
import { tensorflowRules } from '../../src/formats/tfjs/lower/tensorflow/index';
import { compareWithTensorflow, stopRunner } from '../formats/tfjs/lower/lowered';
import { loadStored, onBackend, readStored } from '../formats/tfjs/lower/tensorflow';
import { decodedByTfjs, loadedByTfjs, type PublicTfjsModel, publicTfjsModels } from '../support/tfjsModels';

interface Outcome {
  readonly name: string;
  readonly kind: string;
  readonly nodes: number;
  readonly elements: number;
  /** TensorFlow.js's own count. */
  readonly theirs: number;
  /** Largest difference over largest magnitude of the output that differs most; absent where it was not converted. */
  readonly difference?: number;
  readonly note: string;
}

/** Models of DATA.md's list that are not in an npm package. */
const allModels = 17;
/** Equal but for another order of summation. */
const tolerance = 1e-4;
/** The wasm backend cuts a float off at whole numbers when it makes it a bool (0.5 is false); this model asks whether an area is above 0. */
const comparedOnJavaScript = new Map([['handtrack', 'compared with TensorFlow.js’s plain JavaScript backend: its wasm backend makes 0.5 false']]);

const models = publicTfjsModels();
const outcomes: Outcome[] = [];
if (models.length < allModels) console.log(`MLPerf Tiny's models are not beside the checkout (../shared/data/models): ${models.length} of ${allModels} models are checked.`);

async function outcomeOf({ name, path }: PublicTfjsModel): Promise<Outcome> {
  const model = openModel(path);
  try {
    const contents = tfjsContents(model);
    const kind = model.format === 'tfjs-layers' ? 'layers' : 'graph';
    const counted = { name, kind, nodes: model.graph.nodes.length, elements: contents === undefined ? NaN : weightElements(contents), theirs: await onBackend('wasm', async () => await theirCount(path, kind)) };
    const { model: lowered, notLowered } = lowerToOnnx(model);
    if (lowered === undefined) return { ...counted, note: `not converted: ${[...new Set(notLowered.map(({ op }) => `\`${op}\``))].sort().join(', ')}` };
    const note = comparedOnJavaScript.get(name);
    const { differences } = await onBackend(note === undefined ? 'wasm' : 'cpu', async () => compareWithTensorflow(model, await loadStored(readStored(path))));
    return { ...counted, difference: Math.max(0, ...Object.values(differences)), note: note ?? '' };
  } catch (thrown) {
    throw toLatheError(thrown, path);
  } finally {
    model.dispose();
  }
}

async function theirCount(path: string, kind: string): Promise<number> {
  if (kind === 'layers') {
    const loaded = await loadedByTfjs(path);
    const count = loaded.countParams();
    loaded.dispose();
    return count;
  }
  const decoded = [...decodedByTfjs(path).values()];
  const count = decoded.reduce((sum, { size }) => sum + size, 0);
  for (const tensor of decoded) tensor.dispose();
  return count;
}

function markdown(): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const converted = outcomes.filter(({ difference }) => difference !== undefined);
  const equal = converted.filter(({ difference = Infinity }) => difference < tolerance);
  const missing = allModels - outcomes.length;
  return `${[
    '# Conformance: TensorFlow.js',
    '',
    `Public models as \`npm run conformance\` found them; it writes this page.${missing === 0 ? '' : ` ${missing} of ${allModels} were not there to be checked.`} Parameters are compared with TensorFlow.js’s own count, outputs of the ONNX model in onnxruntime with those of TensorFlow.js on the same seeded inputs: the largest difference over the largest magnitude, of the output that differs most.`,
    '',
    `${outcomes.length} open, ${outcomes.filter(({ elements, theirs }) => elements === theirs).length} with TensorFlow.js’s count of parameters; ${converted.length} convert to ONNX, ${equal.length} of them with outputs equal within ${tolerance.toExponential()}. [Converted](tensorflowjs-operators.md) are ${tensorflowRules.size} operators of graph models and ${kerasRules.size} layers.`,
    '',
    '| model | kind | nodes | parameters | TensorFlow.js’s count | converts | largest difference | note |',
    '|---|---|---|---|---|---|---|---|',
    ...outcomes.map(({ name, kind, nodes, elements, theirs, difference, note }) => `| ${name} | ${kind} | ${number(nodes)} | ${number(elements)} | ${elements === theirs ? 'equal' : number(theirs)} | ${difference === undefined ? 'no' : 'yes'} | ${difference === undefined ? '' : difference === 0 ? '0' : difference.toExponential(1)} | ${note} |`),
  ].join('\n')}\n`;
}

afterAll(async () => {
  await stopRunner();
  writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'conformance-tensorflowjs.md'), markdown());
});

it.each(models)('$name', async (model) => {
  const outcome = await outcomeOf(model);
  outcomes.push(outcome);
  console.log(`${outcome.name}: ${outcome.difference === undefined ? outcome.note : `largest difference ${outcome.difference.toExponential(1)}`}`);
  expect(outcome.elements).toBe(outcome.theirs);
});
