// A graph model in TensorFlow.js: executed as it is, asynchronously where its control flow wants that.
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { SessionValue } from '../messages';
import { isFields } from './modelJson';
import { type Network, openDims } from './network';
import { elementTypeOf } from './tensors';

/** What TensorFlow.js makes of TensorFlow's types. Source: tfjs-converter, operation_mapper.ts, parseDtypeParam. */
const dtypes: ReadonlyMap<unknown, string> = new Map([
  ['DT_FLOAT', 'float32'], ['DT_HALF', 'float32'], ['DT_DOUBLE', 'float32'],
  ['DT_INT32', 'int32'], ['DT_INT64', 'int32'], ['DT_INT8', 'int32'], ['DT_UINT8', 'int32'],
  ['DT_BOOL', 'bool'], ['DT_STRING', 'string'], ['DT_COMPLEX64', 'complex64'],
]);

/** TensorFlow.js's TensorInfo, of which a placeholder may say less than its type has. */
interface Declared {
  readonly name: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
}

interface Output extends SessionValue {
  /** As `execute` takes it. */
  readonly asked: string;
}

export class GraphNetwork implements Network {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly Output[];
  readonly weights: ReadonlySet<Tensor>;
  private asynchronous = false;

  constructor(
    private readonly model: GraphModel,
    signature: unknown,
  ) {
    const declared = (side: 'inputs' | 'outputs'): Signature[] => signatureOf(signature, side);
    const typed = new Map(declared('inputs').map((entry) => [entry.name, entry]));
    // Resources are made by the model's own initializer.
    this.inputs = (model.inputs as readonly Declared[]).filter(({ dtype }) => dtype !== 'resource').map(({ name, dtype, shape }) => value(name, dtype ?? typed.get(name)?.dtype, shape ?? typed.get(name)?.shape));
    const outputs = declared('outputs');
    this.outputs = outputs.length > 0 ? outputs.map(({ asked, name, dtype, shape }) => ({ ...value(name, dtype, shape), asked })) : model.outputs.map(({ name }) => ({ name, asked: name }));
    this.weights = new Set(Object.values(model.weights).flat());
  }

  async run(feeds: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<readonly Tensor[]> {
    const inputs: NamedTensorMap = Object.fromEntries(feeds);
    const asked = outputs.map((name) => this.outputs.find((output) => output.name === name)?.asked ?? name);
    return list(await this.execute(inputs, asked));
  }

  private async execute(inputs: NamedTensorMap, asked: string[]): Promise<Tensor | Tensor[]> {
    if (!this.asynchronous) {
      try {
        return this.model.execute(inputs, asked);
      } catch (thrown) {
        if (!(thrown instanceof Error && thrown.message.includes('executeAsync'))) throw thrown;
        this.asynchronous = true;
      }
    }
    return this.model.executeAsync(inputs, asked);
  }

  /**
   * The executor asks for a node's category when it begins with it, and for nothing else. Nodes of a function are those of the
   * node that calls it.
   */
  watch(enter: (node: string) => void): () => void {
    const { executor } = this.model as unknown as { readonly executor: Executor };
    const owners = new Map<unknown, string>();
    const restore: (() => void)[] = [];
    const watchNodes = ({ graph: { nodes } }: Executor, ofFunction?: string): void => {
      for (const node of Object.values(nodes)) {
        const { category, name, attrParams } = node;
        const called = Object.values(attrParams ?? {}).filter(({ type }) => type === 'func').map((parameter) => parameter.value);
        Object.defineProperty(node, 'category', {
          configurable: true,
          get: () => {
            const key = ofFunction === undefined ? name : owners.get(ofFunction) ?? name;
            for (const each of called) owners.set(each, key);
            enter(key);
            return category;
          },
        });
        restore.push(() => Object.defineProperty(node, 'category', { configurable: true, writable: true, enumerable: true, value: category }));
      }
    };
    watchNodes(executor);
    for (const [name, inner] of Object.entries(executor.functionExecutorMap)) watchNodes(inner, name);
    return () => {
      for (const each of restore) each();
    };
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** The part of tfjs-converter's GraphExecutor that is watched. */
interface Executor {
  readonly graph: { readonly nodes: Readonly<Record<string, { readonly name: string; readonly category: string; readonly attrParams?: Readonly<Record<string, { readonly type: string; readonly value?: unknown }>> }>> };
  readonly functionExecutorMap: Readonly<Record<string, Executor>>;
}

interface Signature {
  readonly name: string;
  readonly asked: string;
  readonly dtype: string | undefined;
  readonly shape: readonly number[] | undefined;
}

/** A signature's entry in model.json. */
interface TensorInfo {
  readonly name?: unknown;
  readonly dtype?: unknown;
  readonly tensorShape?: { readonly dim?: readonly { readonly size?: unknown }[]; readonly unknownRank?: unknown };
}

/** A value is called as its node where it is the node's first output. */
function signatureOf(signature: unknown, side: 'inputs' | 'outputs'): Signature[] {
  const entries = isFields(signature) ? signature[side] : undefined;
  if (!isFields(entries)) return [];
  const found = new Map<string, Signature>();
  for (const entry of Object.values(entries) as (TensorInfo | undefined)[]) {
    if (typeof entry?.name !== 'string' || entry.name === '') continue;
    const name = entry.name.replace(/:0$/, '');
    const dims = entry.tensorShape?.dim?.map(({ size }) => Number(size));
    found.set(name, { name, asked: entry.name, dtype: dtypes.get(entry.dtype), shape: entry.tensorShape?.unknownRank === true ? undefined : dims });
  }
  return [...found.values()];
}

function value(name: string, dtype: string | undefined, shape: readonly number[] | undefined): SessionValue {
  const elementType = dtype === undefined ? undefined : elementTypeOf(dtype);
  return { name, ...(elementType === undefined ? {} : { elementType }), ...(shape === undefined ? {} : { shape: openDims(shape) }) };
}

function list(result: Tensor | Tensor[]): readonly Tensor[] {
  return Array.isArray(result) ? result : [result];
}
