// The graph under construction that layers become: TensorFlow's nodes, each called as the value it makes, and its constants.
import { FreeNames } from '../../../base/freeNames';
import type { AttributeInit } from '../../../graph/builder';
import { attributes, makeNode } from '../../../graph/construct';
import type { Node } from '../../../graph/model';
import type { Tensor } from '../../../tensor/tensor';
import { tensorFromArray } from '../../../tensor/tensor';
import { tensorflowDomain } from '../graphModel';

/** Sizes of a value's axes; undefined where the model leaves one open. */
export type Dims = readonly (number | undefined)[];

export class GraphWriter {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  /** What nodes written now are named after, and the layer they come from. */
  label = '';
  origin: readonly string[] = [];
  private readonly names = new FreeNames();
  private readonly dims = new Map<string, Dims>();
  private readonly weights = new Map<Tensor, string>();

  /** Keeps a name from being given to anything else. */
  reserve(name: string): void {
    this.names.take(name);
  }

  declare(name: string, dims: Dims | undefined): void {
    if (dims !== undefined) this.dims.set(name, dims);
  }

  dimsOf(name: string): Dims | undefined {
    return this.dims.get(name);
  }

  /** A weight of the model; one that several layers read is written once. TensorFlow has ':' for outputs, so that names hold none. */
  weight(name: string, tensor: Tensor): string {
    const known = this.weights.get(tensor);
    if (known !== undefined) return known;
    const made = this.constant(name.replace(/:0$/, '').replaceAll(':', '_'), tensor);
    this.weights.set(tensor, made);
    return made;
  }

  constant(wanted: string, tensor: Tensor): string {
    const name = this.names.fresh(wanted);
    this.initializers.set(name, { ...tensor, name });
    this.dims.set(name, tensor.dims);
    return name;
  }

  floats(part: string, values: ArrayLike<number>, dims: readonly number[] = []): string {
    return this.constant(`${this.label}/${part}`, tensorFromArray('', 'float32', dims, Float32Array.from(values)));
  }

  ints(part: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.constant(`${this.label}/${part}`, tensorFromArray('', 'int32', dims, Int32Array.from(values)));
  }

  /** Writes a node with one output, of these dimensions. */
  emit(op: string, inputs: readonly string[], dims: Dims | undefined, init: Readonly<Record<string, AttributeInit[string]>> = {}): string {
    const name = this.names.fresh(`${this.label}/${op}`);
    this.nodes.push(makeNode({ name, domain: tensorflowDomain, opType: op, inputs: [...inputs], outputs: [name], attributes: attributes({ T: 'DT_FLOAT', ...init }), origin: [...this.origin] }));
    this.declare(name, dims);
    return name;
  }

  /** Gives the value a layer makes the layer's own name. @param since number of nodes before the layer; a value made earlier keeps its name */
  finish(value: string, wanted: string, since: number): string {
    const node = this.nodes.slice(since).find(({ name }) => name === value);
    if (node === undefined) return value;
    node.name = wanted;
    node.outputs = [wanted];
    this.declare(wanted, this.dims.get(value));
    return wanted;
  }

  /** A second name for a value. */
  identity(value: string, name: string): void {
    this.nodes.push(makeNode({ name, domain: tensorflowDomain, opType: 'Identity', inputs: [value], outputs: [name], attributes: attributes({ T: 'DT_FLOAT' }), origin: [...this.origin] }));
  }
}
