// Writes the sample models into a folder: `node make.js FOLDER [file…]`; one that is there already is left as it is.
import fs from 'node:fs';
import path from 'node:path';
import { writeOnnxModel } from '../src/formats/onnx/write';
import { samples } from './samples';

async function main(folder: string | undefined, wanted: readonly string[]): Promise<void> {
  if (folder === undefined) throw new Error('Usage: make FOLDER [file…]');
  fs.mkdirSync(folder, { recursive: true });
  for (const { file, build } of samples) {
    const target = path.join(folder, file);
    if (fs.existsSync(target) || (wanted.length > 0 && !wanted.includes(file))) continue;
    await writeOnnxModel(build(), target);
  }
}

main(process.argv[2], process.argv.slice(3)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
