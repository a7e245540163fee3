// Has TensorFlow.js load a model of either kind from what its loaders are handed.
import type { io } from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { GraphNetwork } from './graphNetwork';
import { LayersNetwork } from './layersNetwork';
import type { Network } from './network';

/** @throws Error in TensorFlow.js's words */
export async function loadNetwork(kind: 'graph' | 'layers', artifacts: io.ModelArtifacts): Promise<Network> {
  const handler = { load: () => Promise.resolve(artifacts) };
  return kind === 'graph' ? new GraphNetwork(await loadGraphModel(handler), artifacts.signature) : new LayersNetwork(await loadLayersModel(handler));
}
