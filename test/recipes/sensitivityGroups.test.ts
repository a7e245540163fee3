// Ordering layers by harm with few measurements.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankBySensitivity } from '../../src/recipes/sensitivity/groups';

/** Noise powers add: the SQNR of a group is that of its layers' powers summed. */
function bench(harm: ReadonlyMap<string, number>): { readonly noise: (only: readonly string[]) => Promise<number>; readonly measured: () => number } {
  let count = 0;
  return {
    noise: (only) => {
      count++;
      return Promise.resolve(-10 * Math.log10(only.reduce((sum, layer) => sum + (harm.get(layer) ?? 0), 1e-12)));
    },
    measured: () => count,
  };
}

const signal = new AbortController().signal;

describe('ranking by sensitivity', () => {
  it('finds the most harmful layers of a deep model in far fewer measurements than it has layers', async () => {
    const layers = Array.from({ length: 400 }, (_, i) => `layer${i}`);
    const harm = new Map(layers.map((layer, i) => [layer, i === 37 ? 1 : i === 301 ? 0.5 : 1e-6]));
    const { noise, measured } = bench(harm);
    const ranked = await rankBySensitivity({ layers, noise, signal, budgetMs: 60_000 });
    expect(ranked.slice(0, 2)).toEqual(['layer37', 'layer301']);
    expect(measured()).toBeLessThan(120);
  });

  it('ranks every layer exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string(), { maxLength: 60 }), async (layers) => {
        const { noise } = bench(new Map(layers.map((layer, i) => [layer, (i * 7919) % 13])));
        const ranked = await rankBySensitivity({ layers, noise, signal, budgetMs: 60_000 });
        expect([...ranked].sort()).toEqual([...layers].sort());
      }),
    );
  });

  it('stops measuring when its time is over, and still ranks all', async () => {
    const { noise, measured } = bench(new Map());
    expect(await rankBySensitivity({ layers: ['a', 'b', 'c'], noise, signal, budgetMs: -1 })).toEqual(['a', 'b', 'c']);
    expect(measured()).toBe(0);
  });
});
