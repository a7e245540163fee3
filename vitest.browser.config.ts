// Tests of the pages in a real Chromium with the editor's API mocked; one browser, files one after another.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/webview-browser/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
