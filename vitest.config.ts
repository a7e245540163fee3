// Finds every unit and property test by glob; suites that need a browser or a real VS Code run apart (test/webview-browser, test/vscode, test/e2e).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/vscode/**', 'test/e2e/**', 'test/webview-browser/**', '**/node_modules/**'],
    globalSetup: ['test/support/build.ts'],
    pool: 'forks',
    maxWorkers: 2,
    env: { MODEL_LATHE_SAMPLE_CACHE: 'off' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
