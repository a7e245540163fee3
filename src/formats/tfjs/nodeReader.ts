// How rules read the attributes of a native node, whatever they make of it: Keras and TensorFlow.js write flags as numbers, whole floats as ints and lone entries for lists.
import type { Node } from '../../graph/model';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/traverse';

export class NodeReader {
  constructor(readonly node: Node) {}

  int(name: string, fallback: number): number {
    return intAttribute(this.node, name, fallback);
  }

  flag(name: string, fallback = false): boolean {
    return intAttribute(this.node, name, fallback ? 1 : 0) !== 0;
  }

  float(name: string, fallback: number): number {
    const value = this.node.attributes.get(name);
    return value?.type === 'int' ? Number(value.value) : floatAttribute(this.node, name, fallback);
  }

  ints(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name);
    if (value?.type === 'int') return [Number(value.value)];
    return value === undefined || (value.type === 'floats' && value.value.length === 0) ? undefined : intsAttribute(this.node, name);
  }

  text(name: string): string | undefined {
    return stringAttribute(this.node, name);
  }
}
