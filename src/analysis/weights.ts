// Which stored tensors a node owns as weights: found through everything the runtime folds away before it runs (casts, transposes, dequantising …).
import type { Graph, Node } from '../graph/model';
import { isDeterministic, type OperatorRow, type WeightInput, type WeightRole } from '../operators/row';
import { storedBytes } from '../formats/tfjs/manifest';
import { nativeWeights } from '../operators/nativeWeights';
import { constantTensor } from '../operators/evaluate';
import { type ElementType, elementBits, elementKind, packedByteLength } from '../tensor/elementType';
import { elementCount } from '../tensor/tensor';
import type { Tensor } from '../tensor/tensor';
import type { GraphScope } from './scope';
import type { TypeInference } from './infer';

/** A stored tensor, or what a ConstantOfShape stands for. */
export interface StoredWeight {
  /** Equal for the same tensor wherever it is used. */
  readonly identity: object;
  /** Initializer's name, or the Constant node's output. */
  readonly name: string;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly bytes: number;
  /** Absent for ConstantOfShape. */
  readonly tensor?: Tensor;
  /** Scales and zero points that are only stored with another weight. */
  readonly quantization: boolean;
}

/** A stored tensor in the use of one node. */
export interface WeightUse extends StoredWeight {
  /** Number of the node's input it reaches, as it is or through constant nodes. */
  readonly input: number;
  readonly role: WeightRole;
  readonly parameters: number;
}

const noTensor = {} as const;
const noUses: readonly WeightUse[] = [];

/** Constant expressions deeper than this are taken for computed. */
const maxDepth = 500;
/** A constant made of more stored tensors than this is taken for computed. */
const maxStored = 1000;

/** Where a function's inputs come from: the scope of the call. */
export interface CallLink {
  readonly graph: Graph;
  readonly node: Node;
  readonly inputs: readonly string[];
}

export class WeightFinder {
  /** By the scope that defines a name: what it is made of, null where that is not constant. */
  private readonly memo = new Map<GraphScope, Map<string, readonly StoredWeight[] | null>>();

  constructor(
    private readonly types: TypeInference,
    private readonly links: ReadonlyMap<Graph, CallLink> = new Map(),
  ) {}

  /** The stored tensors a constant value is made of; undefined when the value depends on what is fed. */
  storedIn(graph: Graph, name: string, depth = 0): readonly StoredWeight[] | undefined {
    const scope = this.types.scopeOf(graph);
    return scope === undefined ? undefined : this.inScope(scope, name, depth);
  }

  private inScope(scope: GraphScope, name: string, depth: number): readonly StoredWeight[] | undefined {
    if (depth > maxDepth) return undefined;
    const memo = this.memoOf(scope);
    const known = memo.get(name);
    if (known !== undefined) return known ?? undefined;
    const owner = scope.owner(name);
    if (owner === undefined) return undefined;
    if (owner !== scope) return this.inScope(owner, name, depth);
    memo.set(name, null);
    const found = this.find(owner, name, depth);
    if (found !== undefined) memo.set(name, found);
    return found;
  }

  private memoOf(scope: GraphScope): Map<string, readonly StoredWeight[] | null> {
    let memo = this.memo.get(scope);
    if (memo === undefined) this.memo.set(scope, (memo = new Map<string, readonly StoredWeight[] | null>()));
    return memo;
  }

  private find(scope: GraphScope, name: string, depth: number): readonly StoredWeight[] | undefined {
    const { graph } = scope;
    const stored = graph.initializers.get(name);
    if (stored !== undefined) return [storedTensor(stored, name)];
    const sparse = graph.sparseInitializers.get(name);
    if (sparse !== undefined) return [storedTensor(sparse.values, name)];
    const node = scope.producers.get(name);
    if (node === undefined) return this.throughCall(graph, name, depth);
    if (node.domain === '' && node.opType === 'Constant') return constantWeight(node, name);
    const row = this.types.rowOf(graph, node);
    if (row === undefined || !isDeterministic(row, node) || row.traits.control === true) return undefined;
    if (node.opType === 'ConstantOfShape') return filled(scope, node, name);
    // A shape is known beforehand only where the value's shape is: Shape and Size of what is fed make no weights.
    if (node.opType === 'Shape' || node.opType === 'Size' || node.inputs.length === 0) return scope.constant(name) === undefined ? undefined : [];
    return this.ofExpression(scope, node, row, depth);
  }

  private ofExpression(scope: GraphScope, node: Node, row: OperatorRow, depth: number): readonly StoredWeight[] | undefined {
    let all: Map<object, StoredWeight> | undefined;
    for (let i = 0; i < node.inputs.length; i++) {
      const input = node.inputs[i] ?? '';
      if (input === '') continue;
      const parts = this.inScope(scope, input, depth + 1);
      if (parts === undefined) {
        // Moved to a shape that is only known when the model runs, the data is still the stored data.
        if (row.traits.dataMovement === true && i > 0 && node.opType !== 'Concat' && !node.opType.startsWith('Gather') && !node.opType.startsWith('Scatter')) continue;
        return undefined;
      }
      const role = row.weights?.find((weight) => weight.input === i)?.role;
      if (row.traits.dataMovement === true && i > 0 && node.opType !== 'Concat') continue;
      all ??= new Map<object, StoredWeight>();
      for (const part of parts) if (!all.has(part.identity)) all.set(part.identity, role === 'quantization' ? { ...part, quantization: true } : part);
      if (all.size > maxStored) return undefined;
    }
    return all === undefined ? [] : [...all.values()];
  }

  private throughCall(graph: Graph, name: string, depth: number): readonly StoredWeight[] | undefined {
    const link = this.links.get(graph);
    const at = link === undefined ? -1 : link.inputs.indexOf(name);
    const outer = link?.node.inputs[at];
    return link === undefined || outer === undefined || outer === '' ? undefined : this.storedIn(link.graph, outer, depth + 1);
  }

  /** True when the node only makes constants, which a runtime folds before it runs. */
  isFolded(graph: Graph, node: Node): boolean {
    const [first] = node.outputs;
    if (first === undefined || first === '') return false;
    return this.storedIn(graph, first) !== undefined;
  }

  /** What a node uses as weights, as its row says; for an unknown operator, every stored float tensor it reads. */
  usesOf(graph: Graph, node: Node): readonly WeightUse[] {
    const row = this.types.rowOf(graph, node);
    const places = row === undefined ? nativeWeights(node) : (row.weights ?? joinedData(row, node));
    if (places.length === 0) return noUses;
    let uses: WeightUse[] | undefined;
    for (const place of places) {
      const name = node.inputs[place.input];
      if (name === undefined || name === '') continue;
      const stored = this.storedIn(graph, name);
      if (stored === undefined || stored.length === 0) continue;
      uses ??= [];
      const whole = stored.length === 1 ? place.elements?.call(undefined, this.context(graph, node)) : undefined;
      for (const part of stored) {
        if (!isWeight(part, place.role)) continue;
        const learned = !part.quantization && place.role !== 'statistics' && place.role !== 'quantization';
        uses.push({ identity: part.identity, name: part.name, elementType: part.elementType, dims: part.dims, bytes: part.bytes, quantization: part.quantization, ...(part.tensor === undefined ? noTensor : { tensor: part.tensor }), input: place.input, role: part.quantization ? 'quantization' : place.role, parameters: !learned ? 0 : typeof whole === 'number' ? whole : elementCount(part.dims) });
      }
    }
    return uses ?? noUses;
  }

  private context(graph: Graph, node: Node): Parameters<NonNullable<WeightInput['elements']>>[0] {
    const context = this.types.contextOf(graph, node);
    if (context === undefined) throw new RangeError('The node is not of this model.');
    return context;
  }
}

/** Data that is joined with what is fed: a class token before the patches, say. */
function joinedData(row: OperatorRow, node: Node): readonly WeightInput[] {
  if (row.traits.dataMovement !== true || row.traits.view === true) return [];
  return node.opType === 'Concat' ? node.inputs.map((_, input) => ({ input, role: 'operand' })) : [{ input: 0, role: 'operand' }];
}

/** Whole numbers are shapes and indices unless they are as narrow as quantised weights, or are used as such. */
function isWeight(part: StoredWeight, role: WeightRole): boolean {
  const kind = elementKind(part.elementType);
  if (part.quantization || role === 'quantization' || role === 'statistics') return true;
  if (kind === 'string' || kind === 'bool') return false;
  if (role === 'operand' && elementCount(part.dims) === 1) return part.dims.length > 0 && kind === 'float';
  if (kind === 'float' || kind === 'complex') return true;
  return elementBits(part.elementType) <= 8 || role === 'weight' || role === 'bias';
}

function storedTensor(tensor: Tensor, name: string): StoredWeight {
  return { identity: tensor, name, elementType: tensor.elementType, dims: tensor.dims, bytes: storedBytes(tensor), tensor, quantization: false };
}

function constantWeight(node: Node, name: string): readonly StoredWeight[] | undefined {
  for (const attribute of node.attributes.values()) if (attribute.type === 'sparseTensor') return [storedTensor(attribute.value.values, name)];
  const tensor = constantTensor(node);
  return tensor === undefined ? undefined : [storedTensor(tensor, name)];
}

function filled(scope: GraphScope, node: Node, name: string): readonly StoredWeight[] | undefined {
  const type = scope.type(name);
  const shapeInput = node.inputs[0];
  if (type?.kind !== 'tensor' || shapeInput === undefined || scope.constant(shapeInput) === undefined) return undefined;
  const dims = type.shape;
  if (dims?.every((dimension) => typeof dimension === 'number') !== true) return undefined;
  return [{ identity: node, name, elementType: type.elementType, dims, bytes: packedByteLength(type.elementType, elementCount(dims)), quantization: false }];
}
