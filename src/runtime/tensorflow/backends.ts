// TensorFlow.js's backends in the runner: wasm from the .wasm file beside the bundle, and plain JavaScript where wasm does not start or lacks an operator.
import { sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { isCrash } from './failure';

export type BackendName = 'wasm' | 'cpu';

/** A backend, and why it is not the first choice. */
export interface Backend {
  readonly name: BackendName;
  readonly reason?: string;
}

/** Starts the runtime. @param folder of the .wasm files */
export async function startBackends(folder: string): Promise<Backend> {
  // Production mode spares what only a developer at the console reads.
  tf.enableProdMode();
  setWasmPaths(`${folder}${sep}`);
  const started = await tf.setBackend('wasm').catch(() => false);
  if (started) return { name: 'wasm' };
  await tf.setBackend('cpu');
  return { name: 'cpu', reason: 'wasm did not start' };
}

const missingKernel = /Kernel '(\w+)' not registered for backend 'wasm'/;

/** Runs on a session's backend; where wasm lacks something, on the plain one from then on. */
export class Placement {
  constructor(private current: Backend) {}

  get backend(): Backend {
    return this.current;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await enter(this.current.name);
    try {
      return await work();
    } catch (thrown) {
      // Wasm's kernels refuse types and forms in many words: whatever the plain backend can do is the wasm one's lack.
      if (this.current.name !== 'wasm' || isCrash(thrown)) throw thrown;
      await enter('cpu');
      const result = await work();
      const said = thrown instanceof Error ? thrown.message : String(thrown);
      const kernel = missingKernel.exec(said)?.[1];
      this.current = { name: 'cpu', reason: kernel === undefined ? `wasm: ${said.replaceAll(/\s+/g, ' ').trim()}` : `wasm has no ${kernel}` };
      return result;
    }
  }
}

async function enter(name: BackendName): Promise<void> {
  if (tf.getBackend() !== name) await tf.setBackend(name);
}
