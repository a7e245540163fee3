// onnxruntime-web in a worker: its wasm backend on one thread. That of WebGPU is left out: its .wasm file alone is larger than all else that is shipped.
import { env, InferenceSession } from 'onnxruntime-web/wasm';
import type { PageTensor } from '../../protocol/pageBenchmark';
import type { WireTensor } from '../messages';
import { fromOrtTensor, toOrtFeeds } from '../ortTensors';
import { serveContender, type Contender, type LoadContender } from './contender';

async function open({ files, inputs, wasm }: LoadContender): Promise<Contender> {
  const [model] = files;
  if (model === undefined) throw new Error('There is no model.');
  env.wasm.numThreads = 1;
  env.wasm.proxy = false;
  env.wasm.wasmBinary = wasm;
  env.logLevel = 'error';
  const session = await InferenceSession.create(new Uint8Array(model), { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
  const feeds = toOrtFeeds(inputs.map(({ name, ...tensor }) => [name, tensor as WireTensor]));
  return {
    runtime: `onnxruntime-web ${env.versions.web ?? env.versions.common} wasm`,
    async run() {
      const results = await session.run(feeds);
      return Object.entries(results).map(([name, value]): PageTensor => ({ name, ...fromOrtTensor(name, value) }));
    },
  };
}

function explain(thrown: unknown): string {
  const said = (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, ' ').trim();
  if (/out of memory|allocat|bad_alloc|memory access out of bounds/i.test(said)) return 'There is not enough memory for it in a page.';
  const missing = /Could not find an implementation for (\S+?)\(/.exec(said)?.[1];
  if (missing !== undefined) return `onnxruntime-web has no ${missing} for wasm.`;
  return `onnxruntime-web: ${said}`;
}

serveContender(open, explain);
