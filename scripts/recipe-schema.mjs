// Writes media/recipe.schema.json, the schema that editors complete and check recipes by, from the recipe's own schema.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = await build({ absWorkingDir: root, entryPoints: ['src/recipes/recipe.ts'], bundle: true, write: false, platform: 'node', format: 'esm', external: ['onnxruntime-node'] });
const [file] = bundle.outputFiles;
const { recipeJsonSchema } = await import(`data:text/javascript;base64,${Buffer.from(file.contents).toString('base64')}`);
writeFileSync(new URL('../media/recipe.schema.json', import.meta.url), `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
