// Constant nodes become initializers; what nobody reads goes; branches whose condition is known are taken.
import type { Attribute, Node } from '../../../graph/model';
import { tensorFromArray, float32Tensor, int64Tensor, MemorySource, type Tensor } from '../../../tensor/tensor';
import type { SimplifyRule } from '../context';

/** The tensor a Constant node makes; undefined for sparse values and references to function attributes. */
function constantValue(node: Node): Tensor | undefined {
  for (const [name, attribute] of node.attributes) {
    if (attribute.reference !== undefined && attribute.reference !== '') return undefined;
    const tensor = tensorOf(name, attribute);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}

function tensorOf(name: string, attribute: Attribute): Tensor | undefined {
  switch (name) {
    case 'value':
      return attribute.type === 'tensor' ? attribute.value : undefined;
    case 'value_float':
      return attribute.type === 'float' ? float32Tensor('', [], [attribute.value]) : undefined;
    case 'value_floats':
      return attribute.type === 'floats' ? float32Tensor('', [attribute.value.length], attribute.value) : undefined;
    case 'value_int':
      return attribute.type === 'int' ? tensorFromArray('', 'int64', [], BigInt64Array.of(BigInt(attribute.value))) : undefined;
    case 'value_ints':
      return attribute.type === 'ints' ? tensorFromArray('', 'int64', [attribute.value.length], BigInt64Array.from(attribute.value, BigInt)) : undefined;
    case 'value_string':
      return attribute.type === 'string' ? stringTensor([], [attribute.value]) : undefined;
    case 'value_strings':
      return attribute.type === 'strings' ? stringTensor([attribute.value.length], attribute.value) : undefined;
    default:
      return undefined;
  }
}

function stringTensor(dims: readonly number[], values: readonly string[]): Tensor {
  const encoder = new TextEncoder();
  return { name: '', elementType: 'string', dims, source: new MemorySource(new Uint8Array()), strings: values.map((value) => encoder.encode(value)) };
}

const constantToInitializer: SimplifyRule = {
  id: 'constant-to-initializer',
  opTypes: ['Constant'],
  apply(node, scope) {
    if (scope.isOutput(node.outputs[0] ?? '')) return false;
    const tensor = constantValue(node);
    if (tensor === undefined) return false;
    scope.becomeInitializer(node, tensor);
    return true;
  },
};

/** Random or stateful operators could not be told apart once gone, but nothing reads what they make. */
const dead: SimplifyRule = {
  id: 'dead-node',
  opTypes: 'any',
  apply(node, scope) {
    if (!node.outputs.some((name) => name !== '') || node.outputs.some((name) => name !== '' && scope.useCount(name) > 0)) return false;
    scope.remove(node);
    return true;
  },
};

/** Operators whose outputs from this index on may be left out; the runtime has faster kernels without them. */
const optionalOutputs = new Map([
  ['MaxPool', 1],
  ['Dropout', 1],
  ['LayerNormalization', 1],
  ['LSTM', 0],
  ['GRU', 0],
  ['RNN', 0],
]);

const unusedOutput: SimplifyRule = {
  id: 'unused-optional-output',
  opTypes: [...optionalOutputs.keys()],
  apply(node, scope) {
    const from = optionalOutputs.get(node.opType) ?? Infinity;
    const index = node.outputs.findIndex((name, i) => i >= from && name !== '' && scope.useCount(name) === 0);
    if (index < 0 || node.outputs.every((name) => name === '' || scope.useCount(name) === 0)) return false;
    scope.dropOutput(node, index);
    return true;
  },
};

const conditional: SimplifyRule = {
  id: 'known-condition',
  opTypes: ['If'],
  apply(node, scope, context) {
    const condition = context.valuesOf(scope, node.inputs[0] ?? '')?.[0];
    if (typeof condition !== 'number') return false;
    const branch = node.attributes.get(condition !== 0 ? 'then_branch' : 'else_branch');
    const child = branch?.type === 'graph' ? scope.children.get(node)?.find(({ graph }) => graph === branch.value) : undefined;
    if (child === undefined || child.graph.sparseInitializers.size > 0) return false;
    scope.inline(node, child);
    context.stale = true;
    return true;
  },
};

/** Shape and Size of a value whose dimensions are all known, and small integer or bool values that inference has worked out. */
const knownValue: SimplifyRule = {
  id: 'known-value',
  opTypes: 'any',
  apply(node, scope, context) {
    const name = node.outputs[0] ?? '';
    if (node.domain !== '' || node.outputs.length !== 1 || node.opType === 'Constant' || scope.isOutput(name)) return false;
    const type = context.typeOf(scope, name);
    if (type?.kind !== 'tensor' || (type.elementType !== 'int64' && type.elementType !== 'int32' && type.elementType !== 'bool')) return false;
    const values = context.valuesOf(scope, name);
    const dims = context.dimsOf(scope, name);
    if (values === undefined || dims === undefined || !values.every((value) => typeof value === 'number' && Number.isSafeInteger(value))) return false;
    scope.becomeInitializer(node, integerTensor(type.elementType, dims, values as readonly number[]));
    return true;
  },
};

function integerTensor(type: 'int64' | 'int32' | 'bool', dims: readonly number[], values: readonly number[]): Tensor {
  switch (type) {
    case 'int64':
      return int64Tensor('', dims, values);
    case 'int32':
      return tensorFromArray('', 'int32', dims, Int32Array.from(values));
    case 'bool':
      return tensorFromArray('', 'bool', dims, Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)));
    default:
      return type satisfies never;
  }
}

export const constantRules: readonly SimplifyRule[] = [dead, constantToInitializer, conditional, knownValue, unusedOutput];
