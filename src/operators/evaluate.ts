// Runs a node on constant tensors where that is exact: moving data of any type, integer, boolean and shape arithmetic.
import type { Node, ValueType } from '../graph/model';
import { type ElementType, elementBits } from '../tensor/elementType';
import { elementCount, MemorySource } from '../tensor/tensor';
import type { Tensor } from '../tensor/tensor';
import { OperatorContext } from './context';
import type { ValueScope } from './context';
import { isDeterministic, type Movement, type OperatorRow } from './row';
import { findOperator, opsetOf } from './table';
import { tensorFromValues, tensorValues } from './values';

/** Attributes a Constant node may hold its value in. */
export function constantTensor(node: Node): Tensor | undefined {
  for (const [name, attribute] of node.attributes) {
    switch (attribute.type) {
      case 'tensor':
        return attribute.value;
      case 'int':
        return typeof attribute.value === 'number' ? tensorFromValues('', 'int64', [], [attribute.value]) : undefined;
      case 'float':
        return tensorFromValues('', 'float32', [], [attribute.value]);
      case 'ints': {
        const values = attribute.value.map((value) => (typeof value === 'number' ? value : undefined));
        return tensorFromValues('', 'int64', [values.length], values);
      }
      case 'floats':
        return tensorFromValues('', 'float32', [attribute.value.length], attribute.value);
      case 'string':
        return stringTensor([], [attribute.value]);
      case 'strings':
        return stringTensor([attribute.value.length], attribute.value);
      case 'graph':
      case 'graphs':
      case 'sparseTensor':
      case 'sparseTensors':
      case 'tensors':
      case 'type':
      case 'types':
        return undefined;
      default:
        throw new Error(`${name}: ${String(attribute satisfies never)}`);
    }
  }
  return undefined;
}

function stringTensor(dims: readonly number[], strings: readonly string[]): Tensor {
  const encoder = new TextEncoder();
  return { name: '', elementType: 'string', dims, source: new MemorySource(new Uint8Array(0)), strings: strings.map((text) => encoder.encode(text)) };
}

/**
 * The outputs of a node on the tensors given, bit for bit what ONNX defines; undefined where the table cannot say so exactly
 * (float arithmetic beyond single scalars, random numbers, unknown operators, an input that is not given).
 */
export function evaluateNode(node: Node, opsetImports: ReadonlyMap<string, number>, inputs: ReadonlyMap<string, Tensor>): readonly Tensor[] | undefined {
  if (node.opType === 'Constant' && node.domain === '') {
    const tensor = constantTensor(node);
    return tensor === undefined ? undefined : [named(tensor, node.outputs[0] ?? '')];
  }
  const opset = opsetOf(node, opsetImports);
  const row = findOperator(node.domain, node.opType, opset);
  if (row === undefined || !isDeterministic(row, node) || node.inputs.some((name) => name !== '' && !inputs.has(name))) return undefined;
  const context = new OperatorContext(node, opset, tensorScope(inputs));
  const types = row.infer(context);
  if (row.traits.view !== true && types.some(isHuge)) return undefined;
  return moved(row, context, types) ?? calculated(row, context, types);
}

const named = (tensor: Tensor, name: string): Tensor => ({ name, elementType: tensor.elementType, dims: tensor.dims, source: tensor.source, ...(tensor.strings === undefined ? {} : { strings: tensor.strings }) });

function tensorScope(inputs: ReadonlyMap<string, Tensor>): ValueScope {
  return {
    type: (name) => {
      const tensor = inputs.get(name);
      return tensor === undefined ? undefined : { kind: 'tensor', elementType: tensor.elementType, shape: tensor.dims };
    },
    values: (name) => {
      const tensor = inputs.get(name);
      return tensor === undefined ? undefined : tensorValues(tensor);
    },
    constant: (name) => inputs.get(name),
    subgraph: () => [],
    branch: () => ({ types: [], possible: true }),
    outcome: () => [],
  };
}

/** Beyond this a result is left to the runtime: a model of a few bytes may ask for a tensor of terabytes. */
const maxElements = 2 ** 25;

function isHuge(type: ValueType | undefined): boolean {
  const dims = numericDims(type);
  return dims !== undefined && elementCount(dims) > maxElements;
}

const numericDims = (type: ValueType | undefined): readonly number[] | undefined => (type?.kind === 'tensor' && type.shape?.every((dimension) => typeof dimension === 'number') === true ? type.shape : undefined);

function moved(row: OperatorRow, context: OperatorContext, types: readonly (ValueType | undefined)[]): readonly Tensor[] | undefined {
  const { node } = context;
  if (row.move === undefined) return undefined;
  if (row.traits.view === true) {
    const data = context.constant(0);
    const dims = numericDims(types[0]);
    return data === undefined || dims === undefined || elementCount(dims) !== elementCount(data.dims) ? undefined : [{ ...named(data, node.outputs[0] ?? ''), dims }];
  }
  const movement = row.move(context);
  const tensor = movement === undefined ? undefined : applyMovement(movement, context, node.outputs[0] ?? '');
  return tensor === undefined ? undefined : [tensor];
}

function applyMovement(movement: Movement, context: OperatorContext, name: string): Tensor | undefined {
  const parts: Tensor[] = [];
  for (const input of movement.inputs) {
    const part = context.constant(input);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const elementType = parts[0]?.elementType;
  if (elementType === undefined || parts.some((part) => part.elementType !== elementType)) return undefined;
  const filler = movement.fill === undefined ? undefined : context.constant(movement.fill);
  if (elementType === 'string') return movedStrings(movement, parts, filler, name);
  const width = elementBits(elementType) / 8;
  if (!Number.isInteger(width)) return undefined;
  return { name, elementType, dims: movement.dims, source: new MemorySource(movedBytes(movement, parts, filler, width)) };
}

function movedStrings(movement: Movement, parts: readonly Tensor[], filler: Tensor | undefined, name: string): Tensor {
  const all = parts.flatMap((part) => part.strings ?? []);
  const empty = filler?.strings?.[0] ?? new Uint8Array(0);
  return { name, elementType: 'string', dims: movement.dims, source: new MemorySource(new Uint8Array(0)), strings: Array.from(movement.indices, (index) => all[index] ?? empty) };
}

/** Copies elements of `width` bytes; whole words where the width has a typed array. */
function movedBytes(movement: Movement, parts: readonly Tensor[], filler: Tensor | undefined, width: number): Uint8Array<ArrayBuffer> {
  const total = parts.reduce((sum, part) => sum + part.source.byteLength, 0);
  const all = new Uint8Array(total + width);
  let at = 0;
  for (const part of parts) {
    all.set(part.source.read(), at);
    at += part.source.byteLength;
  }
  if (filler !== undefined) all.set(filler.source.read(0, width), total);
  const fillAt = total / width;
  const { indices } = movement;
  const result = new Uint8Array(indices.length * width);
  const words = width === 4 ? ([new Uint32Array(all.buffer, 0, fillAt + 1), new Uint32Array(result.buffer)] as const) : width === 1 ? ([all, result] as const) : width === 2 ? ([new Uint16Array(all.buffer, 0, fillAt + 1), new Uint16Array(result.buffer)] as const) : undefined;
  if (words !== undefined) {
    const [from, to] = words;
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] ?? 0;
      to[i] = from[index < 0 ? fillAt : index] ?? 0;
    }
    return result;
  }
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? 0;
    const start = (index < 0 ? fillAt : index) * width;
    result.set(all.subarray(start, start + width), i * width);
  }
  return result;
}

function calculated(row: OperatorRow, context: OperatorContext, types: readonly (ValueType | undefined)[]): readonly Tensor[] | undefined {
  const results = row.values?.(context, types);
  if (results === undefined) return undefined;
  const tensors: Tensor[] = [];
  for (const [i, name] of context.node.outputs.entries()) {
    const values = results[i];
    const type = types[i];
    const dims = numericDims(type);
    const tensor = values === undefined || dims === undefined || type?.kind !== 'tensor' ? undefined : tensorFromValues(name, type.elementType satisfies ElementType, dims, values);
    if (tensor === undefined) return undefined;
    tensors.push(tensor);
  }
  return tensors;
}
