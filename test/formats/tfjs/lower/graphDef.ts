// Graph models of a few nodes, written as TensorFlow.js reads them.
import type { StoredModel } from './tensorflow';
import { seededRandom } from './random';

export type AttributeInit = number | boolean | string | readonly number[] | readonly string[] | { readonly float: number } | { readonly func: string };

/** A value that a caller feeds, or a constant. */
export type Operand = { readonly kind: 'fed' | 'weight'; readonly dtype: Dtype; readonly shape: readonly number[] } | { readonly kind: 'constant'; readonly dtype: Dtype; readonly shape: readonly number[]; readonly values: readonly number[] };
type Dtype = 'float32' | 'int32' | 'bool';

/** Fed floats; −1 is an open dimension. */
export const x = (...shape: readonly number[]): Operand => ({ kind: 'fed', dtype: 'float32', shape });
/** Fed whole numbers from 0 to 255. */
export const n = (...shape: readonly number[]): Operand => ({ kind: 'fed', dtype: 'int32', shape });
export const flags = (...shape: readonly number[]): Operand => ({ kind: 'fed', dtype: 'bool', shape });
/** Stored floats that look random. */
export const w = (...shape: readonly number[]): Operand => ({ kind: 'weight', dtype: 'float32', shape });
/** Stored whole numbers. */
export const ints = (values: readonly number[], shape: readonly number[] = [values.length]): Operand => ({ kind: 'constant', dtype: 'int32', shape, values });
export const int = (value: number): Operand => ints([value], []);
export const floats = (values: readonly number[], shape: readonly number[] = [values.length]): Operand => ({ kind: 'constant', dtype: 'float32', shape, values });
export const number = (value: number): Operand => floats([value], []);

export interface NodeInit {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr?: Readonly<Record<string, AttributeInit>>;
}

const types = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' } as const;

function attribute(value: AttributeInit): object {
  if (typeof value === 'number') return { i: String(value) };
  if (typeof value === 'boolean') return { b: value };
  if (typeof value === 'string') return value.startsWith('DT_') ? { type: value } : { s: Buffer.from(value).toString('base64') };
  if ('float' in value) return { f: value.float };
  if ('func' in value) return { func: { name: value.func } };
  const numbers = value.filter((each) => typeof each === 'number');
  if (numbers.length === value.length) return { list: { i: numbers.map(String) } };
  return { list: { s: value.map((each) => Buffer.from(String(each)).toString('base64')) } };
}

/** A function of the model's library: results by name, each a value as functions name them (`node:argument:0`). */
export interface FunctionInit {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly nodes: readonly NodeInit[];
  readonly results: Readonly<Record<string, string>>;
}

/** A model of operands by name, nodes, the names of its outputs, and functions. */
export function graphModel(operands: Readonly<Record<string, Operand>>, nodes: readonly NodeInit[], outputs: readonly string[], functions: readonly FunctionInit[] = []): StoredModel {
  const definitions: object[] = [];
  const weights: { name: string; shape: number[]; dtype: Dtype }[] = [];
  const bytes: Uint8Array[] = [];
  const random = seededRandom(7);
  for (const [name, operand] of Object.entries(operands)) {
    const shape = { shape: { dim: operand.shape.map((size) => ({ size: String(size) })) } };
    if (operand.kind === 'fed') {
      definitions.push({ name, op: 'Placeholder', attr: { dtype: { type: types[operand.dtype] }, shape } });
      continue;
    }
    definitions.push({ name, op: 'Const', attr: { dtype: { type: types[operand.dtype] }, value: { tensor: { dtype: types[operand.dtype], tensorShape: shape.shape } } } });
    weights.push({ name, shape: [...operand.shape], dtype: operand.dtype });
    const count = operand.shape.reduce((product, size) => product * size, 1);
    const values = operand.kind === 'constant' ? operand.values : Array.from({ length: count }, () => random() - 0.5);
    bytes.push(new Uint8Array(operand.dtype === 'int32' ? Int32Array.from(values).buffer : Float32Array.from(values).buffer));
  }
  definitions.push(...nodes.map(definition));
  const library = { function: functions.map(({ name, inputs, nodes: body, results }) => ({ signature: { name, inputArg: inputs.map((each) => ({ name: each })), outputArg: Object.keys(results).map((each) => ({ name: each })) }, nodeDef: body.map(definition), ret: results })) };
  const signature = {
    inputs: Object.fromEntries(Object.entries(operands).flatMap(([name, { kind, dtype, shape }]) => (kind === 'fed' ? [[name, { name: `${name}:0`, dtype: types[dtype], tensorShape: { dim: shape.map((size) => ({ size: String(size) })) } }]] : []))),
    outputs: Object.fromEntries(outputs.map((name) => [name, { name: /:\d+$/.test(name) ? name : `${name}:0` }])),
  };
  return { json: { format: 'graph-model', modelTopology: { node: definitions, library, versions: { producer: 440 } }, signature, weightsManifest: [{ paths: ['w.bin'], weights }] }, weights: new Uint8Array(Buffer.concat(bytes)) };
}

function definition({ name, op, input, attr = {} }: NodeInit): object {
  return { name, op, input, attr: Object.fromEntries(Object.entries(attr).map(([key, value]) => [key, attribute(value)])) };
}

/** One operator on operands; with `channelsFirst`, what it reads of images has passed a pooling of size 1, after which channels come first. */
export function oneNode(op: string, inputs: readonly Operand[], attr: Readonly<Record<string, AttributeInit>>, outputs: number, channelsFirst: boolean): StoredModel {
  const operands = Object.fromEntries(inputs.map((operand, i) => [`in${i}`, operand]));
  const pools = inputs.flatMap((operand, i): NodeInit[] => (channelsFirst && isImage(operand) ? [{ name: `pool${i}`, op: 'MaxPool', input: [`in${i}`], attr: { ksize: [1, 1, 1, 1], strides: [1, 1, 1, 1], padding: 'VALID', data_format: 'NHWC' } }] : []));
  const pooled = new Set(pools.map(({ name }) => name));
  const input = inputs.map((_, i) => (pooled.has(`pool${i}`) ? `pool${i}` : `in${i}`));
  return graphModel(operands, [...pools, { name: 'node', op, input, attr }], Array.from({ length: outputs }, (_, i) => (i === 0 ? 'node' : `node:${i}`)));
}

export function isImage({ kind, dtype, shape }: Operand): boolean {
  return kind === 'fed' && dtype === 'float32' && shape.length === 4;
}
