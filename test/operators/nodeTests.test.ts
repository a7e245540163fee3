// Shapes and exact results held against ONNX's own node tests: what their authors declare and expect, never our own output.
import { describe, expect, it } from 'vitest';
import { inferTypes } from '../../src/analysis/infer';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { readTensorFile } from '../../src/formats/onnx/tensorFile';
import { formatShape } from '../../src/graph/dimension';
import type { Model, ValueType } from '../../src/graph/model';
import { evaluateNode } from '../../src/operators/evaluate';
import { elementBits } from '../../src/tensor/elementType';
import type { Tensor } from '../../src/tensor/tensor';
import { listNodeTests } from '../support/nodeTests';
import type { NodeTest } from '../support/nodeTests';

const tests = listNodeTests().filter((test) => test.group === 'node');

/** What a model says of its outputs, taken away from it. */
function strip(model: Model): readonly (ValueType | undefined)[] {
  const declared = model.graph.outputs.map((output) => output.type);
  model.graph.outputs = model.graph.outputs.map(({ name }) => ({ name }));
  model.graph.valueInfo.clear();
  return declared;
}

function tensorsOf(test: NodeTest, kind: 'input' | 'output', count: number): (Tensor | undefined)[] {
  const folder = test.dataSets[0] ?? '';
  return Array.from({ length: count }, (_, i) => {
    try {
      return readTensorFile(`${folder}/${kind}_${i}.pb`);
    } catch {
      return undefined; // a sequence or an optional
    }
  });
}

const shapeOf = (type: ValueType | undefined): string => (type?.kind === 'tensor' ? `${type.elementType}${formatShape(type.shape)}` : (type?.kind ?? 'unknown'));

/** How a found type stands to the true one. */
function verdict(found: ValueType | undefined, truth: ValueType): 'exact' | 'open' | 'wrong' {
  if (found === undefined) return 'open';
  if (found.kind !== truth.kind) return 'wrong';
  if (found.kind !== 'tensor' || truth.kind !== 'tensor') return 'exact';
  if (found.elementType !== truth.elementType) return 'wrong';
  if (truth.shape === undefined) return 'exact';
  if (found.shape === undefined) return 'open';
  if (found.shape.length !== truth.shape.length) return 'wrong';
  let open = false;
  for (const [axis, dimension] of truth.shape.entries()) {
    if (typeof dimension !== 'number') continue;
    const got = found.shape[axis];
    if (typeof got === 'number' && got !== dimension) return 'wrong';
    open ||= got !== dimension;
  }
  return open ? 'open' : 'exact';
}

describe.skipIf(tests.length === 0)('ONNX node tests, outputs stripped and inferred anew', () => {
  it('are never inferred wrong, and more often fully than onnx itself does (1,335 of 1,776)', () => {
    let full = 0;
    const wrong: string[] = [];
    for (const test of tests) {
      const model = readOnnxModel(test.model);
      const declared = strip(model);
      const types = inferTypes(model);
      const verdicts = declared.map((truth, i) => (truth === undefined ? 'exact' : verdict(types.typeOf(model.graph, model.graph.outputs[i]?.name ?? ''), truth)));
      declared.forEach((truth, i) => {
        if (verdicts[i] === 'wrong') wrong.push(`${test.name}: ${shapeOf(types.typeOf(model.graph, model.graph.outputs[i]?.name ?? ''))}, declared ${shapeOf(truth)}`);
      });
      for (const { message } of types.contradictions) wrong.push(`${test.name}: ${message}`);
      const fixed = declared.every((type) => type?.kind === 'tensor' && type.shape?.every((dimension) => typeof dimension === 'number') === true);
      if (fixed && verdicts.every((each) => each === 'exact')) full++;
    }
    expect(wrong).toEqual([]);
    expect(full).toBeGreaterThan(1335);
  });

  it('are inferred to the very shapes of the expected outputs when the inputs are known', () => {
    const wrong: string[] = [];
    let open = 0;
    for (const test of tests) {
      const model = readOnnxModel(test.model);
      strip(model);
      const inputs = tensorsOf(test, 'input', model.graph.inputs.length);
      const outputs = tensorsOf(test, 'output', model.graph.outputs.length);
      model.graph.inputs.forEach(({ name }, i) => {
        const tensor = inputs[i];
        if (tensor !== undefined) model.graph.initializers.set(name, { ...tensor, name });
      });
      const types = inferTypes(model);
      for (const { message } of types.contradictions) wrong.push(`${test.name}: ${message}`);
      model.graph.outputs.forEach(({ name }, i) => {
        const expected = outputs[i];
        if (expected === undefined) return;
        const truth: ValueType = { kind: 'tensor', elementType: expected.elementType, shape: expected.dims };
        const found = types.typeOf(model.graph, name);
        if (found?.kind !== 'tensor') return;
        const result = verdict(found, truth);
        if (result === 'wrong') wrong.push(`${test.name}: ${shapeOf(found)}, expected ${shapeOf(truth)}`);
        if (result === 'open') open++;
      });
    }
    expect(wrong).toEqual([]);
    // Left open: what the data decides (NonZero, Unique, NonMaxSuppression, Compress …).
    expect(open).toBeLessThan(120);
  });

  it('are evaluated bit for bit wherever the table evaluates them at all', () => {
    const wrong: string[] = [];
    let evaluated = 0;
    for (const test of tests) {
      const model = readOnnxModel(test.model);
      const [node, ...others] = model.graph.nodes;
      if (node === undefined || others.length > 0) continue;
      const inputs = new Map<string, Tensor>();
      tensorsOf(test, 'input', model.graph.inputs.length).forEach((tensor, i) => {
        const name = model.graph.inputs[i]?.name;
        if (tensor !== undefined && name !== undefined) inputs.set(name, tensor);
      });
      const results = evaluateNode(node, model.opsetImports, inputs);
      if (results === undefined) continue;
      evaluated++;
      tensorsOf(test, 'output', model.graph.outputs.length).forEach((expected, i) => {
        const result = results.find((tensor) => tensor.name === model.graph.outputs[i]?.name);
        if (expected !== undefined && (result === undefined || !same(result, expected))) wrong.push(test.name);
      });
    }
    expect(wrong).toEqual([]);
    expect(evaluated).toBeGreaterThan(200);
  });
});

if (tests.length === 0) console.info('ONNX node tests are not shared here: inference is not held against them.');

function same(a: Tensor, b: Tensor): boolean {
  if (a.elementType !== b.elementType || a.dims.join() !== b.dims.join()) return false;
  if (a.elementType === 'string') return JSON.stringify(a.strings?.map((text) => [...text])) === JSON.stringify(b.strings?.map((text) => [...text]));
  if (elementBits(a.elementType) < 8) return true; // packed: compared by the packing's own tests
  return Buffer.compare(a.source.read(), b.source.read()) === 0;
}
