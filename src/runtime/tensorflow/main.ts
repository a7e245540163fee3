// TensorFlow.js inside the runner: a bundle of its own, loaded with the first model that needs it.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import type { io } from '@tensorflow/tfjs-core';
import type { ExternalDataPolicy } from '../../formats/onnx/externalData';
import type { HeldFeeds, HeldModel } from '../heldModel';
import type { NamedTensors, RuntimeUse } from '../messages';
import { Placement, startBackends } from './backends';
import { tensorFlowFailure } from './failure';
import { type TensorFlowFiles, readTensorFlowFiles } from './files';
import { loadNetwork } from './loadNetwork';
import type { Network } from './network';
import { artifactsOf, type Fields } from './modelJson';
import { profileNetwork } from './profile';
import { fromTensor, toTensor } from './tensors';

export interface TensorFlow {
  /** Loads a model.json with its shards. @throws LatheError as {@link readTensorFlowFiles}; `unsupported` for a layer that holds code or is not known; `runtime` */
  load(path: string, policy?: ExternalDataPolicy): Promise<HeldModel>;
  /** Number of tensors that are held. */
  tensors(): number;
}

/** @param folder of the .wasm files */
export async function startTensorFlow(folder: string): Promise<TensorFlow> {
  const first = await startBackends(folder);
  return {
    async load(path, policy) {
      const files = readTensorFlowFiles(path, policy);
      const { modelTopology } = files.json;
      try {
        const placement = new Placement(first);
        return new TensorFlowModel(await placement.run(() => loadNetwork(files.kind, held(files))), placement, modelTopology);
      } catch (thrown) {
        throw tensorFlowFailure(thrown, modelTopology);
      }
    },
    tensors: () => tf.memory().numTensors,
  };
}

/** Reads the shards. */
function held({ json, groups }: TensorFlowFiles): io.ModelArtifacts {
  const weightData = groups.flatMap(({ shards }) =>
    shards.map((shard) => {
      const bytes = new Uint8Array(shard.size);
      shard.readInto(bytes, 0);
      shard.dispose();
      return bytes.buffer;
    }),
  );
  return artifactsOf(json, groups.flatMap(({ specs }) => specs), weightData);
}

class TensorFlowModel implements HeldModel {
  constructor(
    private readonly network: Network,
    private readonly placement: Placement,
    private readonly topology: Fields,
  ) {}

  get inputs(): Network['inputs'] {
    return this.network.inputs;
  }

  get outputs(): Network['outputs'] {
    return this.network.outputs;
  }

  hold(feeds: NamedTensors): TensorFlowFeeds {
    const tensors = new Map<string, tf.Tensor>();
    try {
      for (const [name, tensor] of feeds) tensors.set(name, toTensor(name, tensor));
      return new TensorFlowFeeds(tensors, (outputs = this.outputs.map(({ name }) => name)) => this.compute(tensors, outputs));
    } catch (thrown) {
      tf.dispose([...tensors.values()]);
      throw tensorFlowFailure(thrown, this.topology);
    }
  }

  use(): RuntimeUse {
    const { name, reason } = this.placement.backend;
    return { runtime: 'tfjs', version: tf.version_core, backend: name, threads: 1, ...(reason === undefined ? {} : { reason }) };
  }

  endProfiling(): void {
    throw new Error('TensorFlow.js writes no profile file.');
  }

  async profile(feeds: HeldFeeds, timing: { readonly warmup: number; readonly runs: number }): ReturnType<HeldModel['profile']> {
    for (let i = 0; i < timing.warmup; i++) await feeds.once();
    return profileNetwork(this.network, this.placement.backend.name, () => feeds.once(), timing.runs);
  }

  release(): void {
    this.network.dispose();
  }

  /** Computes and reads the outputs; nothing of the run stays behind. */
  private async compute(feeds: ReadonlyMap<string, tf.Tensor>, outputs: readonly string[]): Promise<NamedTensors> {
    try {
      return await this.placement.run(() => scoped(async () => {
        const results = await this.network.run(feeds, outputs);
        const read = outputs.map((name, i): NamedTensors[number] => {
          const tensor = results[i];
          if (tensor === undefined) throw new Error(`The model gave no output ${name}.`);
          return [name, fromTensor(name, tensor)];
        });
        // An output may be an input or a weight itself.
        const kept = new Set([...feeds.values(), ...this.network.weights]);
        tf.dispose(results.filter((tensor) => !kept.has(tensor)));
        return read;
      }));
    } catch (thrown) {
      throw tensorFlowFailure(thrown, this.topology);
    }
  }
}

/** Nothing that is made meanwhile stays behind, also where it fails halfway: an asynchronous run keeps what it has yet to read. One run at a time. */
async function scoped<T>(work: () => Promise<T>): Promise<T> {
  const engine = tf.engine();
  engine.startScope('run');
  const made = engine.state.activeScope.track;
  try {
    return await work();
  } catch (thrown) {
    for (const tensor of [...made]) if (!tensor.isDisposed) tensor.dispose();
    throw thrown;
  } finally {
    engine.endScope();
  }
}

class TensorFlowFeeds implements HeldFeeds {
  constructor(
    private readonly tensors: ReadonlyMap<string, tf.Tensor>,
    private readonly compute: (outputs?: readonly string[]) => Promise<NamedTensors>,
  ) {}

  async run(outputs?: readonly string[]): ReturnType<HeldFeeds['run']> {
    const start = performance.now();
    const read = await this.compute(outputs);
    return { outputs: read, milliseconds: performance.now() - start };
  }

  async once(): Promise<void> {
    await this.compute();
  }

  dispose(): void {
    tf.dispose([...this.tensors.values()]);
  }
}
