// What a language model is told of a model: unknown figures in words, the costliest layers first.
import { describe, expect, it, vi } from 'vitest';
import { resnet50 } from '../webview/fixtures';
import { fakeVscode } from './fakeVscode';

vi.mock('vscode', () => fakeVscode);
const { describeModel } = await import('../../src/extension/languageTools');

describe('the layers that a language model is told of', () => {
  const snapshot = resnet50();
  const macs = Float64Array.from(snapshot.layers.macs, (value, i) => (i % 2 === 0 ? Number.NaN : value));
  const lines = describeModel({ ...snapshot, layers: { ...snapshot.layers, macs } }, []).split('\n').filter((line) => line.startsWith('- '));
  const told = lines.map((line) => line.split(', ').at(-1));

  it('come by their MACs, whatever is unknown between them', () => {
    const known = macs.filter((value) => value > 0).sort().reverse();
    expect(told).toEqual([...known.slice(0, told.length)].map(String));
  });

  it('have unknown MACs in words', () => {
    const none = describeModel({ ...snapshot, layers: { ...snapshot.layers, macs: macs.map(() => Number.NaN) } }, []);
    expect(none).not.toContain('NaN');
    expect(none).toMatch(/, unknown$/m);
  });
});
