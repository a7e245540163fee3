// What the model view loads when a benchmark in the page is asked for.

/** File in dist/ by the name of its data attribute. */
export const pageRuntimes: ReadonlyMap<string, string> = new Map([
  ['benchmark-uri', 'pageBenchmark.js'],
  ['tensorflow-uri', 'pageTfjs.js'],
  ['tensorflow-wasm-uri', 'tfjs-backend-wasm-simd.wasm'],
  ['onnx-uri', 'pageOnnx.js'],
  ['onnx-wasm-uri', 'ort-wasm-simd-threaded.wasm'],
]);
