// What a simplify rule may ask: types and known elements of values, constants as numbers, the opset, the options.
import { sameDimension } from '../../graph/dimension';
import type { Node, Shape, ValueType } from '../../graph/model';
import type { GraphEditor, ModelEditor } from '../../graph/rewrite';
import type { RewriteRule } from '../../graph/rewriteRules';
import { intAttribute, intsAttribute } from '../../graph/traverse';
import type { Values } from '../../operators/row';
import { toFloat64Array } from '../../tensor/decode';
import { type ElementType, elementKind, isFloat } from '../../tensor/elementType';
import { elementCount, float32Tensor, type Tensor } from '../../tensor/tensor';

export type SimplifyRule = RewriteRule<SimplifyContext>;

/** What inference knows; the analysis of the model as it was when the round began. */
export interface KnownTypes {
  typeOf(scope: GraphEditor, name: string): ValueType | undefined;
  /** Elements of a small tensor, each a number, an expression or unknown. */
  valuesOf(scope: GraphEditor, name: string): Values | undefined;
}

export interface SimplifyLimits {
  /** Results of folding above this many bytes are kept only when they are no larger than the constants they replace. */
  readonly foldedBytes: number;
}

/** Constants above this many elements are never turned into JavaScript numbers by rules that look for small ones. */
const smallConstant = 1 << 16;

export class SimplifyContext {
  /** Set when a change calls for another inference: subgraphs moved, constants appeared. */
  stale = false;
  private readonly numbersOf = new WeakMap<Tensor, Float64Array>();
  private readonly ownTypes = new Map<GraphEditor, Map<string, ValueType>>();

  constructor(
    readonly editor: ModelEditor,
    readonly opset: number,
    readonly limits: SimplifyLimits,
    private readonly known: KnownTypes,
  ) {}

  typeOf(scope: GraphEditor, name: string): ValueType | undefined {
    if (name === '') return undefined;
    const owner = scope.resolve(name);
    const tensor = owner.constant(name);
    if (tensor !== undefined) return { kind: 'tensor', elementType: tensor.elementType, shape: tensor.dims };
    return this.ownTypes.get(owner)?.get(name) ?? this.known.typeOf(owner, name);
  }

  /** Gives a value made by a rule its type, for the rules that come after. */
  setType(scope: GraphEditor, name: string, type: ValueType | undefined): void {
    if (type === undefined) return;
    let types = this.ownTypes.get(scope);
    if (types === undefined) this.ownTypes.set(scope, (types = new Map<string, ValueType>()));
    types.set(name, type);
  }

  shapeOf(scope: GraphEditor, name: string): Shape | undefined {
    const type = this.typeOf(scope, name);
    return type?.kind === 'tensor' ? type.shape : undefined;
  }

  /** Shape of a value when every dimension is a number. */
  dimsOf(scope: GraphEditor, name: string): readonly number[] | undefined {
    const shape = this.shapeOf(scope, name);
    return shape?.every((dimension) => typeof dimension === 'number') === true ? shape : undefined;
  }

  elementTypeOf(scope: GraphEditor, name: string): ElementType | undefined {
    const type = this.typeOf(scope, name);
    return type?.kind === 'tensor' ? type.elementType : undefined;
  }

  valuesOf(scope: GraphEditor, name: string): Values | undefined {
    if (name === '') return undefined;
    const owner = scope.resolve(name);
    const tensor = owner.constant(name);
    if (tensor === undefined) return this.ownTypes.get(owner)?.has(name) === true ? undefined : this.known.valuesOf(owner, name);
    return this.integers(scope, name);
  }

  /** A small float constant's elements. */
  numbers(scope: GraphEditor, name: string): Float64Array | undefined {
    const tensor = scope.constant(name);
    if (tensor === undefined || !isFloat(tensor.elementType) || elementCount(tensor.dims) > smallConstant) return undefined;
    let numbers = this.numbersOf.get(tensor);
    if (numbers === undefined) this.numbersOf.set(tensor, (numbers = toFloat64Array(tensor)));
    return numbers;
  }

  /** The one element of a float constant that has one. */
  scalar(scope: GraphEditor, name: string): number | undefined {
    const tensor = scope.constant(name);
    if (tensor === undefined || elementCount(tensor.dims) !== 1) return undefined;
    return this.numbers(scope, name)?.[0];
  }

  /** Dims and data of a float32 tensor filled with one value, for a constant that keeps another's shape. */
  scalarTensor(value: number, dims: readonly number[]): Pick<Tensor, 'elementType' | 'dims' | 'source'> {
    const { elementType, source } = float32Tensor('', dims, new Array<number>(elementCount(dims)).fill(value));
    return { elementType, dims, source };
  }

  /** A small integer or bool constant's elements (bool as 0 and 1); undefined where one is beyond ±2^53. */
  integers(scope: GraphEditor, name: string): readonly number[] | undefined {
    const tensor = scope.constant(name);
    if (tensor === undefined || elementCount(tensor.dims) > smallConstant) return undefined;
    const kind = elementKind(tensor.elementType);
    if (kind !== 'signed' && kind !== 'unsigned' && kind !== 'bool') return undefined;
    const numbers = toFloat64Array(tensor);
    return numbers.every(Number.isSafeInteger) ? [...numbers] : undefined;
  }

  /** Until opset 6 an operand may be spread along an axis that the node names: not what broadcasting has meant since. */
  spreads(node: Node): boolean {
    return this.opset < 7 && intAttribute(node, 'broadcast', 0) !== 0;
  }

  /** Integers an operator takes as an attribute in old opsets and as a constant input in new ones; `absent` when it has neither. */
  list(node: Node, scope: GraphEditor, attribute: string, input: number): readonly number[] | 'absent' | undefined {
    const attributes = intsAttribute(node, attribute);
    if (attributes !== undefined) return attributes;
    const name = node.inputs[input] ?? '';
    return name === '' ? 'absent' : this.integers(scope, name);
  }

  /** True when both values have the same shape for every value of the symbols, and no dimension is unknown. */
  sameShape(scope: GraphEditor, a: string, b: string): boolean {
    const left = this.shapeOf(scope, a);
    const right = this.shapeOf(scope, b);
    if (left === undefined || right?.length !== left.length) return false;
    return left.every((dimension, i) => sameDimension(dimension, right[i]));
  }
}
