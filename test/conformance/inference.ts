// Shape and type inference over the node tests: declared outputs taken away, inferred again, compared.
import { inferTypes } from '../../src/analysis/infer';
import { readOnnxModel } from '../../src/formats/onnx/read';
import type { Model } from '../../src/graph/model';
import { elementKind } from '../../src/tensor/elementType';
import type { NodeTest } from '../support/nodeTests';
import { isStatic, judgeType, showType, stripOutputTypes, testTensors } from '../support/nodeTestTypes';
import type { Exception, SuiteResult } from './suite';

/** Why a shape stays open though the integer inputs are known, by what an operator is. */
const why: Readonly<Record<string, string>> = {
  Resize: 'The size follows from scales, which are float inputs here',
  Upsample: 'The size follows from scales, which are float inputs here',
  OneHot: 'The depth is a float input here',
  Range: 'The length follows from start, limit and delta, which are float inputs here',
  NonMaxSuppression: 'The scores decide how many boxes are kept',
  NonZero: 'The data decide how many elements are not zero',
  Unique: 'The data decide how many elements differ',
  StringSplit: 'The strings decide into how many parts they fall',
  StringNormalizer: 'The strings decide how many are left',
  ImageDecoder: 'The encoded picture says how large it is',
};

type Verdict = { readonly kind: 'exact' } | { readonly kind: 'open'; readonly operators: string } | { readonly kind: 'wrong'; readonly text: string };

/** @returns undefined where the test does not declare fixed shapes of all outputs */
function inferAnew(test: NodeTest, bound: boolean): Verdict | undefined {
  const model = readOnnxModel(test.model);
  try {
    const declared = stripOutputTypes(model);
    if (bound) bindIntegers(model, test);
    const types = inferTypes(model);
    const [contradiction] = types.contradictions;
    if (contradiction !== undefined) return { kind: 'wrong', text: contradiction.message };
    if (!declared.every(isStatic)) return undefined;
    let open = false;
    for (const [i, truth] of declared.entries()) {
      const found = types.typeOf(model.graph, model.graph.outputs[i]?.name ?? '');
      const verdict = truth === undefined ? 'exact' : judgeType(found, truth);
      if (verdict === 'wrong') return { kind: 'wrong', text: `inferred ${showType(found)}, declared ${showType(truth)}` };
      open ||= verdict === 'open';
    }
    return open ? { kind: 'open', operators: operatorsOf(model) } : { kind: 'exact' };
  } finally {
    model.dispose();
  }
}

/** Integer and bool inputs of the first data set become constants. */
function bindIntegers(model: Model, test: NodeTest): void {
  const tensors = testTensors(test, 'input', model.graph.inputs.length);
  model.graph.inputs.forEach(({ name }, i) => {
    const tensor = tensors[i];
    if (tensor === undefined || !['signed', 'unsigned', 'bool'].includes(elementKind(tensor.elementType))) return;
    model.graph.initializers.set(name, { ...tensor, name });
  });
  model.graph.inputs = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
}

/** `NonZero`, or the few operators of a larger graph. */
function operatorsOf(model: Model): string {
  const names = [...new Set(model.graph.nodes.map(({ domain, opType }) => (domain === '' ? opType : `${domain}.${opType}`)))].sort();
  return names.length > 4 ? `a graph of ${names.length} operators` : names.join(', ');
}

/** Both suites: from the model alone, and with the integer inputs bound. */
export function inferenceSuites(tests: readonly NodeTest[]): readonly [SuiteResult, SuiteResult] {
  const openFor = (operators: string): string => why[operators] ?? `Not worked out: ${operators}`;
  const alone: Exception[] = [];
  const bound: Exception[] = [];
  let total = 0;
  for (const test of tests) {
    const first = inferAnew(test, false);
    const second = inferAnew(test, true);
    if (first === undefined || second === undefined) continue;
    total++;
    if (second.kind === 'wrong') bound.push({ name: test.name, reason: `WRONG: ${second.text}` });
    if (second.kind === 'open') bound.push({ name: test.name, reason: openFor(second.operators) });
    if (first.kind === 'wrong') alone.push({ name: test.name, reason: `WRONG: ${first.text}` });
    if (first.kind === 'open') alone.push({ name: test.name, reason: second.kind === 'exact' ? 'The shape follows from values that are fed' : openFor(first.operators) });
  }
  const about = 'Types and shapes of the outputs are taken away and inferred again; a test passes when all of them come back in full. Tests that do not declare fixed shapes of all outputs are not counted.';
  return [
    { title: 'Shape inference from the model alone', about, total, exceptions: alone },
    { title: 'Shape inference, integer inputs known', about: `${about} The integer and bool inputs of the test are constants here.`, total, exceptions: bound },
  ];
}
