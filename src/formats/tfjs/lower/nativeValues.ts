// What lowering a model tells of its native nodes: the types of what they make, which stay unknown, and what those would have read.
import { tensorType } from '../../../graph/construct';
import type { Node, ValueType } from '../../../graph/model';
import { sameDimension } from '../../../graph/dimension';
import { type Environment, type Held, shapeOf } from './context';
import type { Emitter } from './emitter';

export class NativeValues {
  readonly types = new Map<string, ValueType>();
  readonly unknown = new Set<Node>();
  /** ONNX values that a node without counterpart reads. */
  readonly read = new Set<string>();
  /** Values of which different rounds of a loop say different things. */
  private readonly varying = new Set<string>();

  constructor(private readonly onnx: Emitter) {}

  /** Notes what a lowered node makes. */
  made(node: Node, environment: Environment): void {
    for (const name of node.outputs) {
      const held = environment.get(name);
      const type = held === undefined ? undefined : this.typeOf(held);
      const before = this.types.get(name);
      if (type === undefined || this.varying.has(name)) continue;
      if (before === undefined || isSame(before, type)) this.types.set(name, type);
      else {
        this.types.delete(name);
        this.varying.add(name);
      }
    }
  }

  /** Notes that a node is not lowered; what is known of what it reads stays known. */
  missed(node: Node, environment: Environment): void {
    this.unknown.add(node);
    for (const name of node.inputs) {
      const held = environment.get(name);
      const value = held?.last ?? held?.first;
      if (value !== undefined) this.read.add(value);
    }
  }

  private typeOf(held: Held): ValueType | undefined {
    const { last, first } = held;
    const type = this.onnx.type(last ?? first ?? '');
    if (last !== undefined || type?.kind !== 'tensor') return type;
    return tensorType(type.elementType, shapeOf(this.onnx, held));
  }
}

function isSame(a: ValueType, b: ValueType): boolean {
  if (a.kind !== 'tensor' || b.kind !== 'tensor') return a === b;
  return a.elementType === b.elementType && a.shape?.length === b.shape?.length && (a.shape ?? []).every((dimension, axis) => sameDimension(dimension, b.shape?.[axis]));
}
