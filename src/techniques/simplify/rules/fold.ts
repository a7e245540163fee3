// Constant folding where the result is exact: moving data of any type, integer and shape arithmetic, by the operator table.
import { evaluateNode } from '../../../operators/evaluate';
import { LatheError } from '../../../base/errors';
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import type { Tensor } from '../../../tensor/tensor';
import { elementCount } from '../../../tensor/tensor';
import { packedByteLength } from '../../../tensor/elementType';
import { contiguousResult } from '../contiguous';
import type { SimplifyContext, SimplifyRule } from '../context';

/** Operators that make much out of little: their results stay unfolded above this size, so that the file does not grow. */
const generators = new Set(['ConstantOfShape', 'Expand', 'Tile', 'Range', 'OneHot', 'EyeLike', 'Pad', 'Resize', 'Upsample']);
const generatedBytes = 4096;
/** Largest tensor that moving data is done for here; above it the indices alone would take too much memory. */
const largestMoved = 1 << 26;

/** Bytes of constants that go when this node, their only reader, goes. */
export function freedBytes(node: Node, scope: GraphEditor): number {
  let bytes = 0;
  for (const name of new Set(node.inputs)) if (name !== '' && scope.useCount(name) === node.inputs.filter((other) => other === name).length) bytes += scope.constant(name)?.source.byteLength ?? 0;
  return bytes;
}

/** Whether a folded result of this size is worth keeping in the file. */
export function worthKeeping(node: Node, bytes: number, freed: number, context: SimplifyContext): boolean {
  if (generators.has(node.opType)) return bytes <= Math.max(generatedBytes, freed);
  return bytes <= Math.max(context.limits.foldedBytes, freed);
}

function resultBytes(node: Node, scope: GraphEditor, context: SimplifyContext): number | undefined {
  let bytes = 0;
  for (const name of node.outputs) {
    if (name === '') continue;
    const dims = context.dimsOf(scope, name);
    const type = context.elementTypeOf(scope, name);
    if (dims === undefined || type === undefined) return undefined;
    bytes += packedByteLength(type, elementCount(dims));
  }
  return bytes;
}

const exactFolding: SimplifyRule = {
  id: 'constant-folding',
  opTypes: 'any',
  apply(node, scope, context) {
    if (node.domain !== '' || node.opType === 'Constant' || node.inputs.length === 0 || scope.children.has(node)) return false;
    if (node.outputs.some((name) => scope.isOutput(name))) return false;
    const inputs = new Map<string, Tensor>();
    for (const name of node.inputs) {
      if (name === '') continue;
      const tensor = scope.constant(name);
      if (tensor === undefined || tensor.source.byteLength > largestMoved) return false;
      inputs.set(name, tensor);
    }
    if (inputs.size === 0) return false;
    const expected = resultBytes(node, scope, context);
    if (expected !== undefined && (expected > largestMoved || !worthKeeping(node, expected, freedBytes(node, scope), context))) return false;
    const results = evaluate(node, context, inputs);
    if (results === undefined || results.length < node.outputs.length) return false;
    const bytes = results.reduce((sum, tensor) => sum + tensor.source.byteLength, 0);
    if (!worthKeeping(node, bytes, freedBytes(node, scope), context)) return false;
    becomeConstants(node, results, scope);
    return true;
  },
};

function evaluate(node: Node, context: SimplifyContext, inputs: ReadonlyMap<string, Tensor>): readonly Tensor[] | undefined {
  try {
    const piece = contiguousResult(node, context.opset, inputs);
    return piece === undefined ? evaluateNode(node, context.editor.model.opsetImports, inputs) : [piece];
  } catch (thrown) {
    if (thrown instanceof LatheError) return undefined; // a contradiction in the model: left as it is
    throw thrown;
  }
}

/** Turns the outputs of a node into initializers; the node goes. */
export function becomeConstants(node: Node, results: readonly Tensor[], scope: GraphEditor): void {
  if (node.outputs.length === 1 && results[0] !== undefined) {
    scope.becomeInitializer(node, results[0]);
    return;
  }
  node.outputs.forEach((name, i) => {
    const tensor = results[i];
    if (name !== '' && tensor !== undefined) scope.replaceUses(name, scope.addInitializer(tensor, name));
  });
  scope.remove(node);
}

export const foldRules: readonly SimplifyRule[] = [exactFolding];
