// Nodes that compute the same from the same are joined; so are weights with the same content.
import type { Attribute, Node } from '../../../graph/model';
import { type GraphEditor, mergedOrigin, type ModelEditor } from '../../../graph/rewrite';
import { hashTensor, sameContent } from '../../../tensor/statistics';
import type { Tensor } from '../../../tensor/tensor';
import type { RewriteRule } from '../../../graph/rewriteRules';
import { annotatedNames } from './unused';

/** Operators whose equal nodes are not the same: random ones, and the pairs of quantization that a runtime wants one per reader. */
const neverJoined = new Set(['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout', 'QuantizeLinear', 'DequantizeLinear', 'Constant']);

/** Text that is equal for equal attributes, and of unequal ones only where tensors share a hash; undefined for those not worth comparing. */
function attributeKey(attribute: Attribute): string | undefined {
  switch (attribute.type) {
    case 'int':
    case 'float':
      return `${attribute.type}:${attribute.value}`;
    case 'string':
      return JSON.stringify(attribute.value);
    case 'ints':
      return `ints:${attribute.value.join()}`;
    case 'floats':
      return `floats:${attribute.value.join()}`;
    case 'strings':
      return JSON.stringify(attribute.value);
    case 'tensor':
      return `${attribute.value.elementType}[${attribute.value.dims.join()}]${hashTensor(attribute.value)}`;
    case 'graph':
    case 'sparseTensor':
    case 'type':
    case 'tensors':
    case 'graphs':
    case 'sparseTensors':
    case 'types':
      return undefined;
    default:
      return attribute satisfies never;
  }
}

function nodeKey(node: Node): string | undefined {
  const parts = [node.opType, node.inputs.join('\u0000'), node.outputs.map((name) => (name === '' ? '0' : '1')).join('')];
  for (const [name, attribute] of [...node.attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = attribute.reference === undefined ? attributeKey(attribute) : undefined;
    if (key === undefined) return undefined;
    parts.push(`${name}=${key}`);
  }
  return parts.join('\u0001');
}

/** The key holds tensors by their hash, which tensors made for it can share. */
function sameTensors(a: Node, b: Node): boolean {
  for (const [name, attribute] of a.attributes) {
    const other = b.attributes.get(name);
    if (attribute.type === 'tensor' && (other?.type !== 'tensor' || !sameContent(attribute.value, other.value))) return false;
  }
  return true;
}

/** Whether equal nodes of ONNX's own operators are the same. */
const isJoined = (node: Node): boolean => node.domain === '' && !neverJoined.has(node.opType);

/**
 * A rule that remembers, per scope, the first node of each kind; made anew for every run.
 * @param mayJoin whether equal nodes like this one are the same
 */
export function duplicateNodes<Context>(mayJoin: (node: Node, context: Context) => boolean = isJoined): RewriteRule<Context> {
  const seen = new WeakMap<GraphEditor, Map<string, Node>>();
  return {
    id: 'duplicate-node',
    opTypes: 'any',
    apply(node, scope, context) {
      if (node.inputs.length === 0 || !mayJoin(node, context)) return false;
      const key = nodeKey(node);
      if (key === undefined) return false;
      let nodes = seen.get(scope);
      if (nodes === undefined) seen.set(scope, (nodes = new Map<string, Node>()));
      const first = nodes.get(key);
      if (first === undefined || first === node || scope.model.scopeOf(first) !== scope || nodeKey(first) !== key || !sameTensors(first, node)) {
        nodes.set(key, node);
        return false;
      }
      return joinInto(first, node, scope) || joinInto(node, first, scope);
    },
  };
}

/** Makes readers of `other` read `kept`; not where a graph output would lose its name. */
function joinInto(kept: Node, other: Node, scope: GraphEditor): boolean {
  if (other.outputs.some((name) => name !== '' && scope.isOutput(name))) return false;
  if (!other.outputs.every((name, i) => name === '' || scope.replaceUses(name, kept.outputs[i] ?? ''))) return false;
  kept.origin = mergedOrigin([kept, other]);
  scope.remove(other);
  return true;
}

/** Bytes looked at before a tensor is hashed whole. */
const sampleBytes = 256;

function sample(tensor: Tensor): string {
  const { byteLength } = tensor.source;
  const start = tensor.source.read(0, Math.min(sampleBytes, byteLength));
  const middle = Math.floor(byteLength / 2);
  const end = tensor.source.read(middle, Math.min(sampleBytes, byteLength - middle));
  return Buffer.concat([start, end]).toString('latin1');
}

/** Joins initializers of equal type, shape and content, within a graph or with an enclosing one. @returns how many went */
export function joinDuplicateInitializers(editor: ModelEditor): number {
  const named = annotatedNames(editor);
  const groups = new Map<string, { scope: GraphEditor; name: string; tensor: Tensor }[]>();
  for (const scope of editor.allScopes()) {
    for (const [name, tensor] of scope.graph.initializers) {
      if (tensor.strings !== undefined || scope.isGraphInput(name) || scope.isOutput(name) || named.has(name)) continue;
      const key = `${tensor.elementType}[${tensor.dims.join()}]${sample(tensor)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [{ scope, name, tensor }]);
      else group.push({ scope, name, tensor });
    }
  }
  let joined = 0;
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const firsts = new Map<string, typeof group>();
    for (const item of group) {
      const hash = item.tensor.source.byteLength <= sampleBytes ? '' : hashTensor(item.tensor);
      const same = firsts.get(hash) ?? [];
      const first = same.find(({ scope, name, tensor }) => item.scope.resolve(name) === scope && sameContent(tensor, item.tensor));
      if (first !== undefined && item.scope.replaceUses(item.name, first.name)) {
        item.scope.removeInitializer(item.name);
        joined++;
      } else firsts.set(hash, [...same, item]);
    }
  }
  return joined;
}
