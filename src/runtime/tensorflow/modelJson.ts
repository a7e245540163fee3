// A model.json as TensorFlow.js's loaders take it: which kind it is, and what is handed on of it. Knows no files, so that pages use it too.
import type { io } from '@tensorflow/tfjs-core';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export type ModelJson = Omit<io.ModelJSON, 'modelTopology'> & { readonly modelTopology: Fields };

/** Layers models of the first versions do not say their format. */
export function kindOf(json: Fields, topology: Fields): 'graph' | 'layers' | undefined {
  if (json['format'] === 'graph-model' || Array.isArray(topology['node'])) return 'graph';
  return json['format'] === 'layers-model' || 'model_config' in topology || 'class_name' in topology ? 'layers' : undefined;
}

/** TensorFlow.js reads the versions of a graph without a look whether there are any, though it makes nothing of them but a text. */
function versioned(topology: Fields): Fields {
  return Array.isArray(topology['node']) && !isFields(topology['versions']) ? { ...topology, versions: {} } : topology;
}

/** What TensorFlow.js's own loaders hand on; without the training configuration, whose losses may be code. */
export function artifactsOf(json: ModelJson, weightSpecs: io.WeightsManifestEntry[], weightData: ArrayBuffer[]): io.ModelArtifacts {
  const { modelTopology, format, generatedBy, convertedBy, signature, userDefinedMetadata, modelInitializer, initializerSignature } = json;
  const known = Object.entries({ format, generatedBy, convertedBy, signature, userDefinedMetadata, modelInitializer, initializerSignature }).filter(([, value]) => value !== undefined && value !== null);
  return { modelTopology: versioned(modelTopology), weightSpecs, weightData, ...Object.fromEntries(known) };
}
