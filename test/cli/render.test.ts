// What the terminal shows of measurements: every figure in its unit, every column under a name.
import { describe, expect, it } from 'vitest';
import { benchmarkLines, comparisonLines } from '../../src/cli/render/measurement';
import { reportLines } from '../../src/cli/render/report';
import { jsonParts } from '../../src/cli/terminal';
import type { Comparison } from '../../src/protocol/measurement';
import { benchmark, report } from '../webview/fixtures';

const compared = (metric: NonNullable<Comparison['metric']>): string => comparisonLines({ outputs: [], metric, data: { kind: 'seeded', samples: metric.samples } }).join('\n');

describe('a metric', () => {
  it('is given in dB where it is noise', () => {
    expect(compared({ name: 'sqnr', value: 34.8, low: 34.71, high: 34.89, samples: 8 })).toContain('sqnr 34.8 dB (34.7 dB–34.9 dB, 8 samples)');
  });
  it('is given as a share where it is agreement', () => {
    expect(compared({ name: 'agreement-top1', value: 1, low: 0.632, high: 1, samples: 1 })).toContain('agreement-top1 100 % (63.2 %–100 %, 1 sample)');
  });
});

describe('a benchmark', () => {
  it('gives an interval in the units of its ends', () => {
    const measured = benchmark({ value: 1, low: 1, high: 1 }, 'no-difference', 1);
    const lines = benchmarkLines({ ...measured, source: { ...measured.source, medianMs: { value: 0.0752, low: 0.074, high: 1.02 } } });
    expect(lines.find((line) => line.startsWith('latency, median'))).toContain('75.2 µs (74.0 µs–1.02 ms)');
  });

  it('names a variant that was measured before it became a file', () => {
    const whole = report();
    const [winner] = whole.variants;
    const { confirmation } = whole;
    if (winner === undefined || confirmation?.variant === undefined) throw new Error('the fixture has no confirmed winner');
    const unnamed = { ...whole, confirmation: { ...confirmation, variant: { ...confirmation.variant, path: '' } } };
    const head = (lines: readonly string[]): string => lines[lines.findIndex((line) => line.startsWith('latency, median')) - 1] ?? '';
    expect(head(reportLines({ ...unnamed, variants: [{ ...winner, path: '/models/m.int8.onnx' }] }))).toMatch(/ \/models\/m\.int8\.onnx$/);
  });
});

describe('a JSON document', () => {
  const documents: Record<string, unknown> = {
    'a list longer than one part': { name: 'a\nb', list: Array.from({ length: 2500 }, (_, i) => ({ i, nested: [i, [], {}] })), last: null },
    'nothing in it': {},
    'members JSON has not': { none: undefined, nan: NaN, one: 1 },
    'no object': [1, { two: 2 }],
  };
  it.each(Object.entries(documents))('printed in parts is what it is in one piece: %s', (_, document) => {
    expect([...jsonParts(document)].join('')).toBe(`${JSON.stringify(document, null, 1)}\n`);
  });
});
