// Models with functions of their own, as text: what inlining has to get right, each by name.
import fc from 'fast-check';
import { parseModelText } from '../../../src/formats/text/read';
import type { Model } from '../../../src/graph/model';
import { assertValid } from '../../../src/graph/verify';

/** A model of one input `x` (float[2,3]) and the given body and functions, with inputs that become weights; opset 17 and the functions' domain `own`. */
export function modelWith(body: string, functions: string, { opset = 17, outputs = 'float[2,3] y', weights = [] as readonly string[] } = {}): Model {
  const model = parseModelText(`<ir_version: 10, opset_import: ["" : ${opset}, "own" : 1]>\nmain (${['float[2,3] x', ...weights].join(', ')}) => (${outputs})\n{\n${body}\n}\n${functions}`);
  assertValid(model);
  return model;
}

export const header = (opset = 17): string => `<domain: "own", opset_import: ["" : ${opset}, "own" : 1]>`;

const scale = `${header()} scale <factor: float = 2.0> (a) => (b) { f = Constant <value_float: float = @factor> () b = Mul (a, f) }`;

/** Each is run before and after. */
export const modelsWithFunctions: Readonly<Record<string, () => Model>> = {
  'attributes given and left out': () => modelWith('["one"] h = own.scale <factor = 3.5> (x)\n["two"] y = own.scale (h)', scale),
  'an attribute left out that has no default': () => modelWith('s = own.soft (x)\ny = own.soft <axis = 0> (s)', `${header()} soft <axis> (a) => (b) { b = Softmax <axis: int = @axis> (a) }`),
  'calls of calls that hand attributes on': () => modelWith('y = own.outer <by = 1.5> (x)', `${header()} outer <by> (a) => (c) { b = own.scale <factor: float = @by> (a) c = own.scale (b) }\n${scale}`),
  'an attribute handed on that was left out, of a function that has a default': () => modelWith('y = own.outer (x)', `${header()} outer <by> (a) => (c) { c = own.scale <factor: float = @by> (a) }\n${scale}`),
  'inputs left out': () => modelWith('one = Constant <value_float = 1.0> ()\nh = own.clip (x, , one)\ny = own.clip (h)', `${header()} clip (a, low, high) => (b) { b = Clip (a, low, high) }`),
  'an input given out as it is': () => modelWith('p, q = own.fan (x)\nh = Add (p, q)\ny, z = own.fan (h)', `${header()} fan (a) => (a2, b) { b = Neg (a) a2 = Identity (a) }`),
  'the same value given twice': () => modelWith('y = own.sum (x, x)', `${header()} sum (a, b) => (c) { c = Add (a, b) }`),
  'names inside that are taken outside': () => modelWith('b = Neg (x)\nt = own.twice (b)\na = Abs (t)\ny = own.twice (a)', `${header()} twice (a) => (b) { t = Add (a, a) b = Identity (t) }`),
  'nodes without names': () => modelWith('h = own.twice (x)\ny = own.twice (h)', `${header()} twice (a) => (b) { ["add"] b = Add (a, a) }`),
  'overloads': () => modelWith('h = own.f (x)\ny = own.f:other (h)', `${header()} f (a) => (b) { b = Neg (a) }\n<domain: "own", overload: "other", opset_import: ["" : 17]> f (a) => (b) { b = Abs (a) }`),
  'an If in a body, whose branches read inputs of the function and make values of one name': () =>
    modelWith(
      'h = own.choose (x)\ny = own.choose (h)',
      `${header()} choose (a) => (b) {
        axes = Constant <value_ints = [0, 1]> ()
        s = ReduceSum <keepdims = 0> (a, axes)
        zero = Constant <value_float = 0.0> ()
        c = Greater (s, zero)
        b = If (c) <then_branch = t () => (float[2,3] z) { v = Add (a, s) z = Neg (v) }, else_branch = e () => (float[2,3] z) { v = Abs (a) z = Exp (v) }>
      }`,
    ),
  'a Loop in a body, called within a Loop': () =>
    modelWith(
      `n = Constant <value = int64 {3}> ()
       k = Constant <value = bool {1}> ()
       y = Loop (n, k, x) <body = l (int64 i, bool c, float[2,3] v) => (bool c2, float[2,3] w) { c2 = Identity (c) u = Add (v, x) w = own.times (u) }>`,
      `${header()} times (a) => (b) {
        n = Constant <value = int64 {2}> ()
        k = Constant <value = bool {1}> ()
        b = Loop (n, k, a) <body = l (int64 i, bool c, float[2,3] v) => (bool c2, float[2,3] w) { c2 = Identity (c) h = own.scale (v) w = Sub (h, a) }>
      }\n${scale}`,
    ),
  'types of a body, whose symbols are of one call': () => modelWith('s = Transpose <perm = [1, 0]> (x)\nh = own.twice (s)\nt = Transpose <perm = [1, 0]> (h)\ny = own.twice (t)', `${header()} twice (float[N, M] a) => (float[N, M] b) <float[N, M] t> { t = Add (a, a) b = Neg (t) }`),
  'a body of a newer opset that uses nothing new but what it calls': () => modelWith('y = own.outer (x)', `<domain: "own", opset_import: ["" : 21, "own" : 1]> outer (a) => (b) { b = own.scale (a) }\n${scale}`),
};

/** What the runtime does not run as it stands, and the same written without functions. */
export const modelsBeyondTheRuntime: Readonly<Record<string, readonly [Model, Model]>> = {
  'outputs left out': [modelWith('h = own.normalise (x)\n, m = own.normalise (x)\ny = Add (h, m)', `${header()} normalise (a) => (b, m) { m = ReduceMean <axes = [1], keepdims = 1> (a) b = Sub (a, m) }`), modelWith('m = ReduceMean <axes = [1], keepdims = 1> (x)\nh = Sub (x, m)\ny = Add (h, m)', '')],
  'an input given out as it is, and a value twice': [modelWith('p, q, r = own.fan (x)\nh = Add (p, q)\ny = Add (h, r)', `${header()} fan (a) => (a, b, b) { b = Neg (a) }`), modelWith('n = Neg (x)\nh = Add (x, n)\ny = Add (h, n)', '')],
  'a body of an older opset': [modelWith('y = own.mean (x)', `${header(11)} mean (a) => (b) { u = Unsqueeze <axes = [0]> (a) s = ReduceSum <axes = [0], keepdims = 0> (u) b = Softmax <axis = 0> (s) }`), modelWith('u = Unsqueeze <axes = [0]> (x)\ns = ReduceSum <axes = [0], keepdims = 0> (u)\ny = Softmax <axis = 0> (s)', '', { opset: 11 })],
  "a body of an older opset within one of the model's": [modelWith('h = own.outer (x)\ny = own.sum (h)', `${header()} outer (a) => (b) { c = own.sum (a) b = Neg (c) }\n${header(11)} sum (a) => (b) { u = Unsqueeze <axes = [0]> (a) b = ReduceSum <axes = [0], keepdims = 0> (u) }`), modelWith('y = Neg (x)', '')],
};

/** Bodies of one input and output over those before them in the list: the last may call any, none calls itself. */
export const nested = fc.array(fc.array(fc.record({ kind: fc.constantFrom('call', 'operator', 'branch'), which: fc.nat(20), named: fc.boolean(), attribute: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }) }), { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 });

export function nestedModel(bodies: readonly (readonly { kind: string; which: number; named: boolean; attribute: number | undefined }[])[]): Model {
  const bodyOf = (steps: (typeof bodies)[number], at: number, input: string, output: string): string => {
    let value = input;
    return steps
      .map(({ kind, which, named, attribute }, i) => {
        const made = i === steps.length - 1 ? output : `v${i}`;
        const label = named ? `["n${i}"] ` : '';
        const call = `own.f${at === 0 ? 0 : which % at} ${attribute === undefined ? '' : which % 2 === 0 || at === bodies.length ? `<by = ${attribute}.5> ` : '<by: float = @by> '}(${value})`;
        const operator = `${['Neg', 'Abs', 'Sigmoid', 'Tanh'][which % 4] ?? 'Neg'} (${value})`;
        const line =
          kind === 'call' && at > 0
            ? `${label}${made} = ${call}`
            : kind === 'branch'
              ? `c${i} = Constant <value = bool {1}> ()\n${label}${made} = If (c${i}) <then_branch = t () => (float[2,3] z) { w = ${at > 0 ? call : operator} z = Add (w, ${value}) }, else_branch = e () => (float[2,3] z) { w = Neg (${value}) z = ${at > 0 ? call.replace(value, 'w') : 'Abs (w)'} }>`
              : `${label}${made} = ${operator}`;
        value = made;
        return line;
      })
      .join('\n');
  };
  const functions = bodies.map((steps, i) => `${header()} f${i} <by: float = 0.25> (a) => (b) { s = Constant <value_float: float = @by> () x = Add (a, s)\n${bodyOf(steps, i, 'x', 'b')} }`);
  return modelWith(bodyOf([{ kind: 'call', which: bodies.length - 1, named: true, attribute: undefined }, { kind: 'branch', which: 0, named: false, attribute: 2 }, { kind: 'call', which: bodies.length - 2, named: false, attribute: 1 }], bodies.length, 'x', 'y'), functions.join('\n'));
}
