// Matrix products: MatMul, Gemm, Einsum and their quantised and fused forms.
import { multiplyDimensions, productOf } from '../../graph/dimension';
import type { Dimension } from '../../graph/dimension';
import type { Shape, ValueType } from '../../graph/model';
import type { OperatorContext } from '../context';
import { counted, row } from '../row';
import type { CostRule, OperatorCost, OperatorRow, WeightInput } from '../row';
import { agreed, broadcastShapes, contraction, elementsOf, tensorOf } from '../shapes';

type Types = readonly (ValueType | undefined)[];

interface Product {
  readonly shape: Shape;
  /** The axis summed over. */
  readonly inner: Dimension;
}

/** numpy's matmul: [… , m, k] · [… , k, n], a vector on either side loses its axis again. Source: ONNX Operators, MatMul. */
function product(context: OperatorContext, a: number, b: number, transposeA = false, transposeB = false): Product | undefined {
  const left = context.shape(a);
  const right = context.shape(b);
  if (left === undefined || right === undefined) return undefined;
  if (left.length === 0 || right.length === 0) throw context.contradiction('a matrix product of a scalar');
  const swap = (shape: Shape, wanted: boolean): Shape => (wanted && shape.length > 1 ? [...shape.slice(0, -2), shape.at(-1), shape.at(-2)] : shape);
  const x = left.length === 1 ? [1, left[0]] : swap(left, transposeA);
  const y = right.length === 1 ? [right[0], 1] : swap(right, transposeB);
  const inner = agreed(context, x.at(-1), y.at(-2), 'the axis summed over');
  const batch = broadcastShapes(context, [x.slice(0, -2), y.slice(0, -2)]) ?? [];
  return { shape: [...batch, ...(left.length === 1 ? [] : [x.at(-2)]), ...(right.length === 1 ? [] : [y.at(-1)])], inner };
}

/** MACs: output elements × the length of the axis summed over. */
function productCost(product: Product | undefined, bias: boolean): OperatorCost {
  const elements = elementsOf(product?.shape);
  return contraction(multiplyDimensions(elements, product?.inner), bias ? elements : 0);
}

/** `bias` is the input that is added. */
const multiplies = (found: (context: OperatorContext) => Product | undefined, bias?: number): CostRule =>
  counted(`MACs: output elements × length summed over${bias === undefined ? '' : '; 1 per output element with bias'}`, (context) => productCost(found(context), bias !== undefined && context.has(bias)));

function gemm(context: OperatorContext, a = 0, b = 1): Product | undefined {
  const left = context.shape(a);
  const right = context.shape(b);
  if (left === undefined && right === undefined) return undefined;
  if ((left !== undefined && left.length !== 2 && context.opset >= 7) || (right !== undefined && right.length !== 2)) throw context.contradiction('Gemm takes matrices');
  const transposeA = context.int('transA', 0) !== 0;
  const transposeB = context.int('transB', 0) !== 0;
  // Opset 6 and earlier flatten A to a matrix.
  const matrix = left === undefined ? [undefined, undefined] : [left[0], productOf(left.slice(1))];
  const other = right ?? [undefined, undefined];
  const [m, k] = transposeA ? [matrix[1], matrix[0]] : matrix;
  const [k2, n] = transposeB ? [other[1], other[0]] : other;
  return { shape: [m, n], inner: agreed(context, k, k2, 'the axis summed over') };
}

const matmulWeights = (input: number): WeightInput => ({ input, role: 'weight', outputAxis: -1, inputAxis: -2 });
const stored = (...inputs: readonly number[]): WeightInput[] => inputs.map((input) => ({ input, role: 'quantization' }));

interface EinsumTerms {
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Splits `ij,jk->ik`; the implicit form sums what appears twice, the rest in alphabetical order. `…` becomes upper-case-free `.`. */
function einsumTerms(context: OperatorContext): EinsumTerms {
  const equation = context.text('equation', '').replace(/\s/g, '').replace(/\.\.\./g, '.');
  const [left = '', right] = equation.split('->');
  const inputs = left.split(',');
  if (right !== undefined) return { inputs, output: right };
  const letters = Array.from(left).filter((letter) => /[A-Za-z]/.test(letter));
  const once = [...new Set(letters)].filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return { inputs, output: (left.includes('.') ? '.' : '') + once.join('') };
}

interface EinsumSizes {
  readonly letters: ReadonlyMap<string, Dimension>;
  readonly ellipsis: Shape;
}

function einsumSizes(context: OperatorContext, terms: EinsumTerms): EinsumSizes | undefined {
  const letters = new Map<string, Dimension>();
  let ellipsis: Shape = [];
  for (const [i, term] of terms.inputs.entries()) {
    const shape = context.shape(i);
    if (shape === undefined) return undefined;
    const named = term.replace('.', '').length;
    const hidden = shape.length - named;
    if (hidden < 0 || (hidden > 0 && !term.includes('.'))) throw context.contradiction(`"${term}" does not name the axes of rank ${shape.length}`);
    let axis = 0;
    for (const letter of term) {
      if (letter === '.') {
        ellipsis = broadcastShapes(context, [ellipsis, shape.slice(axis, axis + hidden)]) ?? [];
        axis += hidden;
      } else {
        const size = shape[axis++];
        const known = letters.get(letter);
        if (!letters.has(letter) || known === 1) letters.set(letter, size);
        else if (size !== 1) letters.set(letter, agreed(context, known, size, `axis ${letter}`));
      }
    }
  }
  return { letters, ellipsis };
}

function einsum(context: OperatorContext): Types {
  const terms = einsumTerms(context);
  const sizes = einsumSizes(context, terms);
  return [tensorOf(context.elementType(0), sizes === undefined ? undefined : Array.from(terms.output).flatMap((letter) => (letter === '.' ? sizes.ellipsis : [sizes.letters.get(letter)])))];
}

/** MACs: the product of all axes, once for each operand beyond the first (a single operand is only summed or moved). */
function einsumCost(context: OperatorContext): OperatorCost {
  const sizes = einsumSizes(context, einsumTerms(context));
  const space = sizes === undefined ? undefined : productOf([...sizes.letters.values(), ...sizes.ellipsis]);
  return context.inputCount < 2 ? { macs: 0, flops: space } : contraction(multiplyDimensions(space, context.inputCount - 1));
}

/** MatMulNBits, MatMulBnb4: A [… , K] and a packed weight of N rows → [… , N]. */
function packedProduct(context: OperatorContext): Product | undefined {
  const shape = context.shape(0);
  if (shape === undefined) return undefined;
  const k = context.int('K');
  const last = shape.at(-1);
  if (typeof last === 'number' && k !== undefined && last !== k) throw context.contradiction(`the weight takes ${k} features, the input has ${last}`);
  return { shape: [...shape.slice(0, -1), context.int('N')], inner: k };
}

function shapedProduct(context: OperatorContext): Product | undefined {
  const shape = context.shape(0);
  const [inner, columns] = context.values(2) ?? [];
  return shape === undefined ? undefined : { shape: [...shape.slice(0, -1), columns], inner };
}

const fusedProduct = (context: OperatorContext): Product | undefined => product(context, 0, 1, context.int('transA', 0) !== 0, context.int('transB', 0) !== 0);
const typed = (type: Parameters<typeof tensorOf>[0], found: Product | undefined): Types => [tensorOf(type, found?.shape)];

export const matmulRows: readonly OperatorRow[] = [
  /** The weight's output axis is its last, the input axis the one before; either operand may be the weight. */
  row('MatMul', { inputs: 'A B', outputs: 'Y', infer: (context) => typed(context.elementType(0), product(context, 0, 1)), cost: multiplies((context) => product(context, 0, 1)), weights: [matmulWeights(1), { input: 0, role: 'weight', outputAxis: -2, inputAxis: -1 }] }),
  /** Axes as stored without `transB`; with it they are the other way about. */
  row('Gemm', {
    inputs: 'A B C?',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(0), gemm(context)),
    cost: multiplies((context) => gemm(context), 2),
    weights: [matmulWeights(1), { input: 0, role: 'weight' }, { input: 2, role: 'bias', outputAxis: -1 }],
  }),
  row('Einsum', { inputs: 'Inputs*', outputs: 'Output', infer: einsum, cost: counted('MACs: the product of all axes for each operand beyond the first; of one operand 1 per element', einsumCost), weights: [{ input: 0, role: 'weight' }, { input: 1, role: 'weight' }, { input: 2, role: 'weight' }] }),
  row('MatMulInteger', {
    inputs: 'A B a_zero_point? b_zero_point?',
    outputs: 'Y',
    infer: (context) => typed('int32', product(context, 0, 1)),
    cost: multiplies((context) => product(context, 0, 1)),
    weights: [matmulWeights(1), ...stored(3)],
  }),
  row('QLinearMatMul', {
    inputs: 'a a_scale a_zero_point b b_scale b_zero_point y_scale y_zero_point',
    outputs: 'y',
    infer: (context) => typed(context.elementType(7), product(context, 0, 3)),
    cost: multiplies((context) => product(context, 0, 3)),
    weights: [matmulWeights(3), ...stored(1, 2, 4, 5, 6, 7)],
  }),
  row('MatMulInteger16', { domain: 'com.microsoft', inputs: 'A B', outputs: 'Y', infer: (context) => typed('int32', product(context, 0, 1)), cost: multiplies((context) => product(context, 0, 1)), weights: [matmulWeights(1)] }),
  /** The shape of the packed weight is an input of its own. */
  row('MatMulFpQ4', { domain: 'com.microsoft', inputs: 'A B B_shape', outputs: 'Y', infer: (context) => typed(context.elementType(0), shapedProduct(context)), cost: multiplies(shapedProduct), weights: [{ input: 1, role: 'weight', elements: (context) => productOf(context.values(2) ?? [undefined]) }] }),
  ...['FusedMatMul', 'TransposeMatMul', 'SparseToDenseMatMul'].map((opType) => row(opType, { domain: 'com.microsoft', inputs: 'A B', outputs: 'Y', infer: (context) => typed(context.elementType(0), fusedProduct(context)), cost: multiplies(fusedProduct), weights: [matmulWeights(1)] })),
  row('FusedGemm', {
    domain: 'com.microsoft',
    inputs: 'A B C?',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(0), gemm(context)),
    cost: multiplies((context) => gemm(context), 2),
    weights: [matmulWeights(1), { input: 2, role: 'bias', outputAxis: -1 }],
  }),
  row('DynamicQuantizeMatMul', {
    domain: 'com.microsoft',
    inputs: 'A B b_scale b_zero_point? bias?',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(0), product(context, 0, 1)),
    cost: multiplies((context) => product(context, 0, 1), 4),
    weights: [matmulWeights(1), { input: 4, role: 'bias', outputAxis: -1 }, ...stored(2, 3)],
  }),
  row('MatMulIntegerToFloat', {
    domain: 'com.microsoft',
    inputs: 'A B a_scale b_scale a_zero_point? b_zero_point? bias?',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(2), product(context, 0, 1)),
    cost: multiplies((context) => product(context, 0, 1), 6),
    weights: [matmulWeights(1), { input: 6, role: 'bias', outputAxis: -1 }, ...stored(2, 3, 4, 5)],
  }),
  row('QGemm', {
    domain: 'com.microsoft',
    inputs: 'A a_scale a_zero_point B b_scale b_zero_point C? y_scale? y_zero_point?',
    outputs: 'Y',
    infer: (context) => typed(context.has(8) ? context.elementType(8) : 'float32', gemm(context, 0, 3)),
    cost: multiplies((context) => gemm(context, 0, 3), 6),
    weights: [matmulWeights(3), { input: 6, role: 'bias', outputAxis: -1 }, ...stored(1, 2, 4, 5, 7, 8)],
  }),
  row('MatMulNBits', {
    domain: 'com.microsoft',
    inputs: 'A B scales zero_points? g_idx? bias?',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(0), packedProduct(context)),
    cost: multiplies(packedProduct, 5),
    weights: [{ input: 1, role: 'weight', outputAxis: 0, elements: packedWeightElements }, { input: 5, role: 'bias', outputAxis: 0 }, ...stored(2, 3, 4)],
  }),
  row('MatMulBnb4', {
    domain: 'com.microsoft',
    inputs: 'A B absmax',
    outputs: 'Y',
    infer: (context) => typed(context.elementType(0), packedProduct(context)),
    cost: multiplies(packedProduct),
    weights: [{ input: 1, role: 'weight', outputAxis: 0, elements: packedWeightElements }, ...stored(2)],
  }),
];

/** Elements a packed 4- or 8-bit weight of MatMulNBits stands for: N · K. */
function packedWeightElements(context: OperatorContext): Dimension {
  return productOf([context.int('N'), context.int('K')]);
}
