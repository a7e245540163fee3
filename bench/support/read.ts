// Reads a model's structure, its weights left where they lie. Prints the number of nodes and the seconds it took.
import { readOnnxModel } from '../../src/formats/onnx/read';

const start = performance.now();
const model = readOnnxModel(process.argv[2] ?? '');
console.log(JSON.stringify({ nodes: model.graph.nodes.length, seconds: (performance.now() - start) / 1000 }));
model.dispose();
