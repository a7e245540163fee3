// Constant folding: what is computed from constants alone is computed once, by TensorFlow.js itself, so that it is what a run would give.
import { keepContents } from '../../../formats/tfjs/contents';
import { tensorflowDomain } from '../../../formats/tfjs/graphModel';
import { makeGraph, makeModel } from '../../../graph/construct';
import type { Node } from '../../../graph/model';
import type { GraphEditor } from '../../../graph/rewrite';
import { elementCount, type Tensor } from '../../../tensor/tensor';
import type { TechniqueContext } from '../../technique';
import { isQuantized, type TensorflowContext } from './context';
import { elementwise, joining, rearranging } from './pure';

/** Larger results stay computed: the file would grow more than a run gains. */
const mostElements = 1 << 18;

/** Replaces nodes that read constants alone by what they make. @returns how many went */
export async function foldConstants(scope: GraphEditor, context: TensorflowContext, work: TechniqueContext): Promise<number> {
  const sizes = new Map<string, number>();
  const sizeOf = (name: string): number | undefined => {
    const tensor = scope.constant(name);
    return tensor === undefined ? sizes.get(name) : elementCount(tensor.dims);
  };
  const folded: Node[] = [];
  for (const node of scope.nodes()) {
    const [output = ''] = node.outputs;
    const size = node.outputs.length === 1 && context.mayChange(node) && !scope.isOutput(output) && mayTakePlace(node, scope, context) ? resultElements(node, node.inputs.map(sizeOf), scope) : undefined;
    if (size === undefined || size > mostElements) continue;
    sizes.set(output, size);
    folded.push(node);
  }
  if (folded.length === 0) return 0;
  const inside = new Set(folded);
  const wanted = folded.flatMap(({ outputs: [output = ''] }) => (scope.uses(output).some(({ node }) => !inside.has(node)) ? [output] : []));
  const results = await work.runModel(modelOf(folded, wanted, scope), new Map(), wanted);
  for (const weight of new Set(folded.flatMap((node) => constantsOf(node, scope)))) context.noteReplaced(weight);
  for (const node of folded) {
    const output = node.outputs[0] ?? '';
    const tensor = results.get(output);
    if (tensor !== undefined && scope.defines(output)) scope.becomeInitializer(node, tensor);
  }
  return results.size;
}

const constantsOf = ({ inputs }: Node, scope: GraphEditor): Tensor[] => inputs.flatMap((name) => scope.constant(name) ?? []);

/** Whether what a node makes may stand where its constants stood: of a weight in few bits it is float32, which one that is only given on need not become. */
function mayTakePlace(node: Node, scope: GraphEditor, context: TensorflowContext): boolean {
  return constantsOf(node, scope).every((weight) => context.mayReplace(weight) && !(node.opType === 'Identity' && isQuantized(weight)));
}

/** The most elements a node may make; undefined where it reads anything but constants, or is not one of those that are folded. */
function resultElements(node: Node, sizes: readonly (number | undefined)[], scope: GraphEditor): number | undefined {
  const known = sizes.filter((size) => size !== undefined);
  if (known.length < sizes.length || known.length === 0) return undefined;
  if (rearranging.has(node.opType)) return known[0];
  if (joining.has(node.opType)) return known.reduce((sum, size) => sum + size, 0);
  if (!elementwise.has(node.opType) || node.inputs.some((name) => scope.constant(name)?.elementType === 'string')) return undefined;
  return spreadElements(node, known, scope);
}

/** Elements of operands spread over one another: each axis is the longest; where their axes are not known, at most the product of all. */
function spreadElements(node: Node, sizes: readonly number[], scope: GraphEditor): number {
  const shapes = node.inputs.map((name) => scope.constant(name)?.dims);
  if (shapes.some((dims) => dims === undefined)) return sizes.reduce((product, size) => product * Math.max(1, size), 1);
  const rank = Math.max(...shapes.map((dims) => dims?.length ?? 0));
  return elementCount(Array.from({ length: rank }, (_, i) => Math.max(...shapes.map((dims) => dims?.at(i - rank) ?? 1))));
}

/** A graph of these nodes alone, whose values are asked for by name. */
function modelOf(nodes: readonly Node[], outputs: readonly string[], scope: GraphEditor): ReturnType<typeof makeModel> {
  const initializers = new Map<string, Tensor>();
  for (const name of nodes.flatMap(({ inputs }) => inputs)) {
    const tensor = scope.constant(name);
    if (tensor !== undefined) initializers.set(name, tensor);
  }
  const graph = makeGraph('constants', { nodes: [...nodes], initializers, outputs: outputs.map((name) => ({ name })) });
  const formatData = keepContents({ weights: { tensors: new Map(), groups: [], files: [] }, settings: {}, configs: new Map(), ranges: new Map() });
  return makeModel(graph, { format: 'tfjs-graph', formatData, opsetImports: new Map([[tensorflowDomain, 0]]) });
}
