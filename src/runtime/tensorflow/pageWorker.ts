// TensorFlow.js in a page's worker: one model on one of its backends; WebGL draws on an OffscreenCanvas.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { PageBackend, PageTensor } from '../../protocol/pageBenchmark';
import type { WireTensor } from '../messages';
import { serveContender, type Contender, type LoadContender } from '../page/contender';
import { isCrash, tensorFlowFailure } from './failure';
import { loadNetwork } from './loadNetwork';
import { artifactsOf, type Fields, isFields, kindOf, type ModelJson } from './modelJson';
import { toTensor, wireTensor } from './tensors';

let topology: Fields = {};
let chosen: PageBackend = 'cpu';

async function open({ backend, files, inputs, wasm }: LoadContender): Promise<Contender> {
  chosen = backend;
  const [document, ...shards] = files;
  const json: unknown = JSON.parse(new TextDecoder().decode(document));
  if (!isFields(json) || !isFields(json['modelTopology'])) throw new Error('This JSON is no model.');
  topology = json['modelTopology'];
  const kind = kindOf(json, topology);
  if (kind === undefined) throw new Error('This JSON is no model.');
  await startBackend(backend, wasm);
  const model = json as unknown as ModelJson;
  const specs = (model.weightsManifest as typeof model.weightsManifest | undefined)?.flatMap(({ weights }) => weights) ?? [];
  const network = await loadNetwork(kind, artifactsOf(model, specs, shards));
  const feeds = new Map(inputs.map(({ name, ...tensor }) => [name, toTensor(name, tensor as WireTensor)]));
  const outputs = network.outputs.map(({ name }) => name);
  const kept = new Set([...feeds.values(), ...network.weights]);
  return {
    runtime: `tfjs ${tf.version_core} ${backend}`,
    ...(await deviceOf(backend)),
    async run() {
      const results = await network.run(feeds, outputs);
      const read: PageTensor[] = [];
      for (const [i, tensor] of results.entries()) {
        const name = outputs[i] ?? '';
        // Waiting for WebGL would poll by timers of up to 4 ms; a worker may block. WebGPU cannot be read without waiting.
        const data = backend === 'webgpu' ? await tensor.data<keyof tf.DataTypeMap>() : tensor.dataSync<keyof tf.DataTypeMap>();
        read.push({ name, ...wireTensor(name, tensor, data) });
      }
      tf.dispose(results.filter((tensor) => !kept.has(tensor)));
      return read;
    },
  };
}

/** @throws Error where the page has no such backend */
async function startBackend(backend: PageBackend, wasm: ArrayBuffer): Promise<void> {
  tf.enableProdMode();
  // A page is rarely cross-origin isolated, and the loader of threads is not shipped.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setWasmPaths('', true);
  // The file is here already: the worker fetches nothing.
  tf.env().platform.fetch = () => Promise.resolve(new Response(wasm, { headers: { 'content-type': 'application/wasm' } }));
  if (!(await tf.setBackend(backend).catch(() => false))) throw new Error(`The ${backend} backend does not start here.`);
}

/** Renderers that are the processor in disguise. */
const softwareNames = /swiftshader|llvmpipe|softpipe|lavapipe|software|basic render/i;

async function deviceOf(backend: PageBackend): Promise<Pick<Contender, 'device' | 'software'>> {
  const name = backend === 'webgl' ? webglDevice() : backend === 'webgpu' ? await webgpuDevice() : undefined;
  return name === undefined ? {} : { device: name, software: softwareNames.test(name) };
}

interface WebGl {
  readonly RENDERER: number;
  getExtension(name: string): { readonly UNMASKED_RENDERER_WEBGL: number } | null;
  getParameter(name: number): unknown;
  isContextLost(): boolean;
}

/** The context that TensorFlow.js draws with. */
function webgl(): WebGl | undefined {
  return (tf.backend() as unknown as { readonly gpgpu?: { readonly gl: WebGl } }).gpgpu?.gl;
}

function webglDevice(): string | undefined {
  const gl = webgl();
  if (gl === undefined) return undefined;
  const name = gl.getParameter(gl.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
  return typeof name === 'string' ? name : undefined;
}

interface GpuAdapter {
  readonly info?: { readonly vendor: string; readonly architecture: string; readonly device: string; readonly description: string };
  readonly isFallbackAdapter?: boolean;
}

async function webgpuDevice(): Promise<string | undefined> {
  const { gpu } = (globalThis as unknown as { readonly navigator: { readonly gpu?: { requestAdapter(): Promise<GpuAdapter | null> } } }).navigator;
  const adapter = await gpu?.requestAdapter();
  const { vendor = '', architecture = '', device = '', description = '' } = adapter?.info ?? {};
  const words = [description === '' ? device : description, vendor, architecture].filter((word) => word !== '');
  if (adapter?.isFallbackAdapter === true) words.push('software');
  return words.length === 0 ? undefined : words.join(', ');
}

function explain(thrown: unknown): string {
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  if (chosen === 'webgl' && webgl()?.isContextLost() === true) return 'The graphics context was lost: the driver took it away, perhaps for want of memory.';
  const kernel = /Kernel '(\w+)' not registered for backend/.exec(said)?.[1];
  if (kernel !== undefined) return `TensorFlow.js’s ${chosen} backend has no ${kernel}.`;
  if (/allocation failed|out of memory|Failed to compile fragment shader|Invalid typed array length/i.test(said)) return `There is not enough memory for it: ${said.replaceAll(/\s+/g, ' ').trim()}`;
  if (isCrash(thrown)) return `TensorFlow.js’s ${chosen} backend crashed: ${said}`;
  if (said.includes('backend does not start here')) return said;
  return tensorFlowFailure(thrown, topology).message;
}

serveContender(open, explain);
