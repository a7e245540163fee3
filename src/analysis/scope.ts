// The values of one graph while types are inferred: their types, what is known of their elements, which are constant.
import type { Graph, Node, ValueType } from '../graph/model';
import type { Tensor } from '../tensor/tensor';
import { constantTensor, evaluateNode } from '../operators/evaluate';
import type { Branch, ValueScope } from '../operators/context';
import type { Values } from '../operators/row';
import { elementKind } from '../tensor/elementType';
import { elementCount } from '../tensor/tensor';
import { maxValueElements, tensorFromValues, tensorValues } from '../operators/values';

/** Floats matter to shapes only as scales and scalars; larger float tensors are weights and are not read. */
const maxFloatElements = 16;
/** Elements that all values together may have which one inference works out and keeps: some 32 MB, a hundred times what shape arithmetic of 50,000 nodes needs. */
const maxElements = 2 ** 22;

/** What is left to one inference to work out: a model of a few bytes may ask for as many large constants as it has nodes. */
export class ValueBudget {
  private left = maxElements;

  /** Takes so many elements from the budget, if they are a value's share and there are as many. */
  take(elements: number): boolean {
    if (elements > maxValueElements || elements > this.left) return false;
    this.left -= elements;
    return true;
  }
}

export type InferSubgraph = (scope: GraphScope, graph: Graph, inputs: readonly (ValueType | undefined)[], values?: readonly (Values | undefined)[]) => readonly (ValueType | undefined)[];

export interface ScopeBeliefs {
  /** From IR version 4 on, an initializer that is also an input may be overridden by the caller. */
  readonly overridable: boolean;
  /** Nothing counts as known that another caller could make different. */
  readonly proven: boolean;
}

export class GraphScope implements ValueScope {
  readonly types = new Map<string, ValueType>();
  readonly known = new Map<string, Values | null>();
  readonly producers = new Map<string, Node>();
  private readonly inputNames: ReadonlySet<string>;
  private readonly constants = new Map<string, Tensor | undefined>();
  /** Scopes of the subgraphs, each as it was inferred last. */
  private readonly inner = new Map<Graph, GraphScope>();

  constructor(
    readonly graph: Graph,
    readonly opsetImports: ReadonlyMap<string, number>,
    readonly parent: GraphScope | undefined,
    private readonly inferSubgraph: InferSubgraph,
    private readonly inferBranch: (scope: GraphScope, graph: Graph) => Branch,
    private readonly beliefs: ScopeBeliefs,
    private readonly budget: ValueBudget,
  ) {
    this.inputNames = new Set(graph.inputs.map(({ name }) => name));
    parent?.inner.set(graph, this);
  }

  /** True for an initializer whose value is no proof: whoever runs the model may feed another. Shapes shown to a person rest on it all the same. */
  isOverridden(name: string): boolean {
    return this.beliefs.proven && this.isOverridable(name);
  }

  private isOverridable(name: string): boolean {
    return this.beliefs.overridable && this.inputNames.has(name);
  }

  /** The scope that defines a name, this one or an outer one. */
  owner(name: string): GraphScope | undefined {
    if (this.types.has(name) || this.producers.has(name) || this.graph.initializers.has(name)) return this;
    return this.parent?.owner(name);
  }

  type(name: string): ValueType | undefined {
    return this.types.get(name) ?? this.parent?.type(name);
  }

  values(name: string): Values | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known ?? undefined;
    const stored = this.graph.initializers.get(name);
    if (stored !== undefined) {
      const values = this.isOverridden(name) ? undefined : smallValues(stored);
      this.known.set(name, values ?? null);
      return values;
    }
    if (this.types.has(name)) return undefined;
    return this.parent?.values(name);
  }

  /** The tensor a value always is: a stored one of any size, one worked out only where it is small. */
  constant(name: string): Tensor | undefined {
    if (this.constants.has(name)) return this.constants.get(name);
    const owner = this.owner(name);
    if (owner !== this) return owner?.constant(name);
    this.constants.set(name, undefined); // a cycle finds nothing
    const tensor = this.findConstant(name);
    this.constants.set(name, tensor);
    return tensor;
  }

  private findConstant(name: string): Tensor | undefined {
    const stored = this.graph.initializers.get(name);
    if (stored !== undefined) return this.isOverridable(name) ? undefined : stored;
    const node = this.producers.get(name);
    if (node === undefined) return undefined;
    if (node.opType === 'Constant' && node.domain === '') return constantTensor(node);
    const type = this.types.get(name);
    if (type?.kind !== 'tensor' || type.shape?.every((dimension) => typeof dimension === 'number') !== true || !this.budget.take(elementCount(type.shape))) return undefined;
    const values = this.known.get(name);
    const tensor = values === undefined || values === null ? undefined : tensorFromValues(name, type.elementType, type.shape, values);
    return tensor ?? this.evaluated(node, name);
  }

  /** Notes what is known of a value's elements, within the budget. */
  know(name: string, values: Values): void {
    if (this.budget.take(values.length)) this.known.set(name, values);
  }

  /** Small result of moving small constant data. Chains too deep for the stack, and contradictions (reported when types were inferred), give nothing. */
  private evaluated(node: Node, name: string): Tensor | undefined {
    const inputs = new Map<string, Tensor>();
    try {
      for (const input of node.inputs) {
        if (input === '') continue;
        const tensor = this.constant(input);
        if (tensor === undefined || elementCount(tensor.dims) > maxValueElements) return undefined;
        inputs.set(input, tensor);
      }
      if (inputs.size === 0) return undefined;
      return evaluateNode(node, this.opsetImports, inputs)?.[node.outputs.indexOf(name)];
    } catch {
      return undefined;
    }
  }

  subgraph(graph: Graph, inputs: readonly (ValueType | undefined)[], values?: readonly (Values | undefined)[]): readonly (ValueType | undefined)[] {
    return this.inferSubgraph(this, graph, inputs, values);
  }

  outcome(graph: Graph): readonly (Values | undefined)[] {
    const scope = this.inner.get(graph);
    return scope === undefined ? [] : graph.outputs.map(({ name }) => scope.values(name));
  }

  branch(graph: Graph): Branch {
    return this.inferBranch(this, graph);
  }
}

/** Elements of a constant that shape arithmetic may look at. */
export function smallValues(tensor: Tensor): Values | undefined {
  const limit = elementKind(tensor.elementType) === 'float' ? maxFloatElements : maxValueElements;
  return elementCount(tensor.dims) > limit ? undefined : tensorValues(tensor);
}
