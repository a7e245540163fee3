// Vitest's global set-up: builds the bundles that tests fork (runner, engine, command line) before any test starts.
import { buildBundles } from '../../esbuild.mjs';

const forked = ['runner', 'runnerTfjs', 'core'] as const;

/**
 * A bundle that does not build is reported and removed; only the tests that fork it fail then, by name.
 */
export default async function setup(): Promise<void> {
  for (const name of forked) {
    try {
      await buildBundles([name]);
    } catch (error) {
      console.error(`dist/${name}.js was not built: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
