// The worker that lays out a model: gets the structure once, then answers each set of expanded groups with a scene.
import { composeScene, LayoutMemory } from './layout/compose';
import { dagLayout } from './layout/dagLayout';
import { sceneBuffers, type LayoutModel } from './layout/scene';
import type { FromLayoutWorker, ToLayoutWorker } from './layout/layoutClient';

/** The part of a dedicated worker's global scope that is used here. */
interface WorkerScope {
  postMessage(message: FromLayoutWorker, transfer?: ArrayBufferLike[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToLayoutWorker }) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const memory = new LayoutMemory();
let model: LayoutModel | undefined;

scope.addEventListener('message', ({ data }) => {
  switch (data.type) {
    case 'model':
      model = data.model;
      break;
    case 'layout':
      answer(data.request, data.expanded);
      break;
    default:
      data satisfies never;
  }
});

function answer(request: number, expanded: Uint8Array): void {
  if (model === undefined) return;
  try {
    const scene = composeScene(model, expanded, dagLayout, memory);
    scope.postMessage({ type: 'scene', request, scene }, sceneBuffers(scene));
  } catch (error) {
    scope.postMessage({ type: 'failed', request, message: error instanceof Error ? error.message : String(error) });
  }
}
