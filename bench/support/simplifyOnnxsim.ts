// The same with npm onnxsim: from the file's bytes to bytes written.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { readOnnxModel } from '../../src/formats/onnx/read';
import { nodeCount } from '../../src/techniques/simplify/simplify';

interface Onnxsim {
  simplify(bytes: Uint8Array): Promise<{ model: Uint8Array }>;
}

async function once(onnxsim: Onnxsim, source: string, target: string): Promise<number> {
  const start = performance.now();
  const { model } = await onnxsim.simplify(readFileSync(source));
  writeFileSync(target, model);
  return (performance.now() - start) / 1000;
}

async function main(source: string, target: string, calls: number): Promise<void> {
  // What it prints would mix with our figures.
  const print = console.log;
  console.log = () => undefined;
  const began = performance.now();
  const onnxsim = (await import(pathToFileURL(process.argv[5] ?? '').href)) as Onnxsim;
  await once(onnxsim, source, target);
  const first = (performance.now() - began) / 1000;
  let warm = first;
  for (let i = 1; i < calls; i++) warm = Math.min(warm, await once(onnxsim, source, target));
  const model = readOnnxModel(target);
  print(JSON.stringify({ first, warm, nodes: nodeCount(model.graph) }));
  model.dispose();
}

main(process.argv[2] ?? '', process.argv[3] ?? '', Number(process.argv[4] ?? 1)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
