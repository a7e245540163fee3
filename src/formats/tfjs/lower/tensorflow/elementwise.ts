// TensorFlow's elementwise operators: arithmetic, comparisons, logic, activations.
import { activationNamed } from '../activations';
import type { NodeContext, Rule, Rules } from '../context';
import type { Emitter } from '../emitter';
import { operands, unified } from '../operands';

type Binary = (onnx: Emitter, names: readonly string[], isFloat: boolean) => string;

/** Two operands under one layout and of one type. */
const binary =
  (write: Binary, least: 'bool' | 'int32' | 'float32' = 'int32'): Rule =>
  (c) => {
    const { names, layout } = operands(c, [0, 1]);
    const { names: cast, elementType } = unified(c.onnx, names, least);
    c.set(0, write(c.onnx, cast, elementType === 'float32'), layout);
  };
const named =
  (opType: string): Binary =>
  (onnx, names) =>
    onnx.emit(opType, names);

/** Any number of operands. */
const variadic =
  (opType: string): Rule =>
  (c) => {
    const { names, layout } = operands(c, [...c.node.inputs.keys()]);
    const [first = ''] = names;
    c.set(0, names.length === 1 ? first : names.slice(1).reduce((sum, name) => c.emit(opType, unified(c.onnx, [sum, name]).names), first), layout);
  };

/** One operand, kept in the layout it has. */
const unary =
  (write: (c: NodeContext, x: string) => string): Rule =>
  (c) => {
    const layout = c.isFirst(0) ? 'first' : 'last';
    c.set(0, write(c, c.in(0, layout)), layout);
  };
const same = (opType: string): Rule => unary((c, x) => c.emit(opType, [x]));
/** Functions that ONNX's runtime has for floats only: TensorFlow.js computes them of integers as floats as well. */
const ofFloat = (opType: string): Rule => unary((c, x) => c.emit(opType, [c.onnx.cast(x, 'float32')]));
const activation = (name: string): Rule => unary((c, x) => activationNamed(name)?.(c.onnx, c.onnx.cast(x, 'float32'), name === 'leakyrelu' ? c.float('alpha', 0.2) : undefined) ?? c.refuse(name));

/** floor(a / b): integers by a − mod(a, b), which leaves no remainder, as ONNX's integer division rounds towards zero. */
const floorDivide: Binary = (onnx, [a = '', b = ''], isFloat) => {
  if (isFloat) return onnx.emit('Floor', [onnx.emit('Div', [a, b])]);
  return onnx.emit('Div', [onnx.emit('Sub', [a, onnx.emit('Mod', [a, b])]), b]);
};
/** TensorFlow.js divides two integers by floor(a / b). */
const divide: Binary = (onnx, names, isFloat) => (isFloat ? onnx.emit('Div', names) : floorDivide(onnx, names, false));
const floorModulo: Binary = (onnx, [a = '', b = ''], isFloat) => {
  if (!isFloat) return onnx.emit('Mod', [a, b]);
  return onnx.emit('Mod', [onnx.emit('Add', [onnx.emit('Mod', [a, b], { fmod: 1 }), b]), b], { fmod: 1 });
};
const squaredDifference: Binary = (onnx, names) => {
  const difference = onnx.emit('Sub', names);
  return onnx.emit('Mul', [difference, difference]);
};
const notEqual: Binary = (onnx, names) => onnx.emit('Not', [onnx.emit('Equal', names)]);
/** a / b, 0 where b is 0. */
const divideNoNan: Binary = (onnx, [a = '', b = '']) => {
  const isZero = onnx.emit('Equal', [b, onnx.scalar(0)]);
  return onnx.emit('Where', [isZero, onnx.scalar(0), onnx.emit('Div', [a, b])]);
};
const logical =
  (opType: string): Rule =>
  (c) => {
    const { names, layout } = operands(c, [0, 1]);
    c.set(0, c.emit(opType, names.map((name) => c.onnx.cast(name, 'bool'))), layout);
  };

/** The condition chooses between the other two, all three broadcast. */
function select(c: NodeContext): void {
  const { names, layout } = operands(c, [0, 1, 2]);
  const [condition = '', a = '', b = ''] = names;
  c.set(0, c.emit('Where', [c.onnx.cast(condition, 'bool'), ...unified(c.onnx, [a, b]).names]), layout);
}

const elementTypes = new Map([
  ['DT_FLOAT', 'float32'],
  ['DT_HALF', 'float32'],
  ['DT_DOUBLE', 'float32'],
  ['DT_INT8', 'int32'],
  ['DT_UINT8', 'int32'],
  ['DT_INT16', 'int32'],
  ['DT_INT32', 'int32'],
  ['DT_INT64', 'int32'],
  ['DT_BOOL', 'bool'],
  ['DT_STRING', 'string'],
] as const);

/** The element type TensorFlow.js computes with where the model says `DT_…`: it has float32, int32, bool and string. */
export function runtimeType(name: string): 'float32' | 'int32' | 'bool' | 'string' | undefined {
  return (elementTypes as ReadonlyMap<string, 'float32' | 'int32' | 'bool' | 'string'>).get(name);
}

function cast(c: NodeContext): void {
  const wanted = c.text('DstT') ?? '';
  const to = runtimeType(wanted);
  if (to === undefined || c.elementType(0) === 'string') return c.refuse(`a cast to ${wanted}`);
  unary((_, x) => c.onnx.cast(x, to))(c);
}

/** The tensor is limited from both sides; the bounds of `ClipByValue` are inputs. */
const clip: Rule = (c) => unary((_, x) => c.emit('Clip', [x, c.value(1), c.value(2)]))(c);

/** ONNX has no log1p or expm1; the sum keeps the tolerance, not the last digits near zero. */
const log1p = unary((c, x) => c.emit('Log', [c.emit('Add', [x, c.onnx.scalar(1)])]));
const expm1 = unary((c, x) => c.emit('Sub', [c.emit('Exp', [x]), c.onnx.scalar(1)]));
const atan2: Binary = (onnx, [y = '', x = '']) => {
  // atan(y / x), moved by ±π where x is negative; ±π/2 where x is 0.
  const zero = onnx.scalar(0);
  const quotient = onnx.emit('Atan', [onnx.emit('Div', [y, x])]);
  const half = onnx.emit('Where', [onnx.emit('Less', [y, zero]), onnx.scalar(-Math.PI), onnx.scalar(Math.PI)]);
  const turned = onnx.emit('Where', [onnx.emit('Less', [x, zero]), onnx.emit('Add', [quotient, half]), quotient]);
  const both = onnx.emit('And', [onnx.emit('Equal', [x, zero]), onnx.emit('Equal', [y, zero])]);
  return onnx.emit('Where', [both, zero, turned]);
};

export const elementwiseRules: Rules = {
  Add: binary(named('Add')),
  AddV2: binary(named('Add')),
  AddN: variadic('Add'),
  BiasAdd: (c) => ((c.text('data_format') ?? 'NHWC').startsWith('NC') ? c.refuse('a bias on channels first') : binary(named('Add'))(c)),
  Sub: binary(named('Sub')),
  Mul: binary(named('Mul')),
  Div: binary(divide),
  RealDiv: binary(divide),
  DivNoNan: binary(divideNoNan, 'float32'),
  FloorDiv: binary(floorDivide),
  Mod: binary(floorModulo),
  FloorMod: binary(floorModulo),
  Maximum: binary(named('Max')),
  Minimum: binary(named('Min')),
  Pow: binary(named('Pow')),
  SquaredDifference: binary(squaredDifference),
  Atan2: binary(atan2, 'float32'),
  Equal: binary(named('Equal')),
  NotEqual: binary(notEqual),
  Greater: binary(named('Greater')),
  GreaterEqual: binary(named('GreaterOrEqual')),
  Less: binary(named('Less')),
  LessEqual: binary(named('LessOrEqual')),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalNot: unary((c, x) => c.emit('Not', [c.onnx.cast(x, 'bool')])),
  Select: select,
  SelectV2: select,
  Cast: cast,
  ClipByValue: clip,
  Abs: same('Abs'),
  Neg: same('Neg'),
  Sign: same('Sign'),
  Square: unary((c, x) => c.emit('Mul', [x, x])),
  Ceil: ofFloat('Ceil'),
  Floor: ofFloat('Floor'),
  Round: ofFloat('Round'),
  Exp: ofFloat('Exp'),
  Expm1: expm1,
  Log: ofFloat('Log'),
  Log1p: log1p,
  Sqrt: ofFloat('Sqrt'),
  Rsqrt: unary((c, x) => c.emit('Reciprocal', [c.emit('Sqrt', [c.onnx.cast(x, 'float32')])])),
  Reciprocal: ofFloat('Reciprocal'),
  Erf: ofFloat('Erf'),
  Sin: ofFloat('Sin'),
  Cos: ofFloat('Cos'),
  Tan: ofFloat('Tan'),
  Asin: ofFloat('Asin'),
  Acos: ofFloat('Acos'),
  Atan: ofFloat('Atan'),
  Sinh: ofFloat('Sinh'),
  Cosh: ofFloat('Cosh'),
  Asinh: ofFloat('Asinh'),
  Acosh: ofFloat('Acosh'),
  Atanh: ofFloat('Atanh'),
  IsNan: ofFloat('IsNaN'),
  IsInf: ofFloat('IsInf'),
  Relu: activation('relu'),
  Relu6: activation('relu6'),
  Elu: activation('elu'),
  Selu: activation('selu'),
  LeakyRelu: activation('leakyrelu'),
  Sigmoid: activation('sigmoid'),
  Softplus: activation('softplus'),
  Tanh: activation('tanh'),
};
