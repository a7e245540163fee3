// A TensorFlow.js model is told from other JSON by its beginning.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { beginsLikeTfjs, headBytes, headOf } from '../../src/extension/tfjsHead';
import { publicTfjsModels } from '../support/tfjsModels';

describe('the beginning of a JSON file', () => {
  it.each(publicTfjsModels())('tells $name', ({ path }) => {
    expect(beginsLikeTfjs(readFileSync(path, 'utf8').slice(0, headBytes))).toBe(true);
  });

  it.each(['{"name":"x","version":"1"}', '{"modelTopology":"none"}', '{"format":"graph"}', '[]', ''])('does not tell %s', (text) => {
    expect(beginsLikeTfjs(text)).toBe(false);
  });

  it('is taken from a document without its megabytes', () => {
    const lines = ['{', ' "format": "layers-model",', 'x'.repeat(10_000_000)];
    const head = headOf({ lineCount: lines.length, lineAt: (line) => ({ text: lines[line] ?? '' }) });
    expect(head.length).toBeLessThan(3 * headBytes);
    expect(beginsLikeTfjs(head)).toBe(true);
  });
});
