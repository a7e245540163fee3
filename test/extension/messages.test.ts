// What a page may say to the extension: everything else is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBenchmarkView, fromModelView } from '../../src/protocol/view';

describe('messages from the model view', () => {
  it('that the page sends are understood', () => {
    for (const message of [{ type: 'ready' }, { type: 'detail', layer: '' }, { type: 'bind', bindings: { batch: 1 } }, { type: 'openText' }, { type: 'fix', fix: 'x' }, { type: 'cancel', job: 'job-1' }])
      expect(fromModelView.safeParse(message).success, JSON.stringify(message)).toBe(true);
  });

  it('that are malformed, oversized or hold more than they should are refused', () => {
    const hostile: unknown[] = [
      null,
      'ready',
      [],
      { type: 'eval', code: '1' },
      { type: 'ready', extra: true },
      { type: 'detail' },
      { type: 'detail', layer: 7 },
      { type: 'detail', layer: 'x'.repeat(1_000_001) },
      { type: 'bind', bindings: { batch: -1 } },
      { type: 'bind', bindings: { batch: 1.5 } },
      { type: 'bind', bindings: { batch: Number.NaN } },
      { type: 'bind', bindings: { batch: 2 ** 40 } },
      { type: 'fix', fix: { toString: () => 'x' } },
      { type: '__proto__' },
    ];
    for (const message of hostile) expect(fromModelView.safeParse(message).success, JSON.stringify(message).slice(0, 80)).toBe(false);
  });

  it('never make the parser throw', () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        fromModelView.safeParse(message);
        fromBenchmarkView.safeParse(message);
      }),
    );
  });
});

describe('messages from the benchmark view', () => {
  it('are as strict', () => {
    expect(fromBenchmarkView.safeParse({ type: 'openModel', path: '/a.onnx' }).success).toBe(true);
    for (const message of [{ type: 'openModel' }, { type: 'openModel', path: 'x'.repeat(10_001) }, { type: 'openReport', path: ['/'] }, { type: 'optimize', goal: 'size' }]) expect(fromBenchmarkView.safeParse(message).success).toBe(false);
  });
});
